// C2SP chunked encryption with SHA-512 and AES-256-GCM by node's own crypto, written from the specification
// (c2sp.org/chunked-encryption) and not from Wattle's code.
//   chunked.mjs golden        prints tests/golden/chunked.txt
//   chunked.mjs peer PROGRAM  messages both ways between this and Wattle's crypto_peer
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Peer } from './peer.mjs';

const CHUNK = 16384, TAG = 16;

function expand(prk, info, length) { // RFC 5869 section 2.3
  let t = Buffer.alloc(0);
  const out = [];
  for (let i = 1, n = 0; n < length; i++) {
    t = createHmac('sha512', prk).update(t).update(info).update(Buffer.from([i])).digest();
    out.push(t);
    n += t.length;
  }
  return Buffer.concat(out).subarray(0, length);
}

function derive(key, salt, context) {
  const info = Buffer.concat([Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM'), Buffer.from([0]), salt, context]);
  const okm = expand(key, info, 32 + 12 + 32);
  return { key: okm.subarray(0, 32), base: okm.subarray(32, 44), commitment: okm.subarray(44) };
}

function nonce(base, index) {
  const n = Buffer.from(base);
  let counter = BigInt(index);
  for (let i = 11; counter > 0n; i--, counter >>= 8n)
    n[i] ^= Number(counter & 255n);
  return n;
}

function sealChunk(d, index, plain) {
  const c = createCipheriv('aes-256-gcm', d.key, nonce(d.base, index));
  return Buffer.concat([c.update(plain), c.final(), c.getAuthTag()]);
}

function openChunk(d, index, sealed) {
  const c = createDecipheriv('aes-256-gcm', d.key, nonce(d.base, index));
  c.setAuthTag(sealed.subarray(sealed.length - TAG));
  return Buffer.concat([c.update(sealed.subarray(0, sealed.length - TAG)), c.final()]);
}

function seal(key, context, salt, plain) {
  const d = derive(key, salt, context);
  const parts = [salt, d.commitment];
  for (let i = 0; i <= Math.floor(plain.length / CHUNK); i++)
    parts.push(sealChunk(d, i, plain.subarray(i * CHUNK, (i + 1) * CHUNK)));
  return Buffer.concat(parts);
}

function open(key, context, message) {
  const d = derive(key, message.subarray(0, 24), context);
  if (!timingSafeEqual(d.commitment, message.subarray(24, 56)))
    throw new Error('commitment');
  const parts = [];
  let at = 56, index = 0, size;
  do {
    const chunk = message.subarray(at, at + CHUNK + TAG);
    size = chunk.length;
    if (size < TAG)
      throw new Error('truncated');
    parts.push(openChunk(d, index++, chunk));
    at += size;
  } while (size === CHUNK + TAG);
  return Buffer.concat(parts);
}

const pattern = (n) => Buffer.from(Uint8Array.from({ length: n }, (_, i) => (i * 7 + (i >> 8)) & 255));

function golden() {
  console.log('# C2SP chunked encryption, SHA-512 and AES-256-GCM: made by tests/interop/chunked.mjs golden.');
  console.log('# Plaintext byte i is (7 * i + (i >> 8)) mod 256. Message is given whole where it is short.');
  const key = Buffer.from(Uint8Array.from({ length: 32 }, (_, i) => i));
  const cases = [[0, ''], [1, ''], [33, 'context'], [33, ''], [16383, 'a'], [16384, 'a'], [16385, 'a'], [49152, 'tensor 7'], [100000, 'x'.repeat(300)]];
  cases.forEach(([n, context], i) => {
    const salt = Buffer.from(Uint8Array.from({ length: 24 }, (_, j) => 0xa0 + i + 3 * j & 255));
    const message = seal(key, Buffer.from(context), salt, pattern(n));
    console.log(`\nKey = ${key.toString('hex')}\nSalt = ${salt.toString('hex')}\nContext = ${Buffer.from(context).toString('hex')}`);
    console.log(`PlainSize = ${n}\nSealedSize = ${message.length}\nCommitment = ${message.subarray(24, 56).toString('hex')}`);
    console.log(`Sha256 = ${createHash('sha256').update(message).digest('hex')}`);
    if (n < 100)
      console.log(`Message = ${message.toString('hex')}`);
  });
  const d = derive(key, Buffer.alloc(24), Buffer.alloc(0));
  for (const index of [0n, 1n, 255n, 256n, 0xffffffffn, 0x100000000n, 0x3fffffffffn])
    console.log(`\nIndex = ${index}\nKey = ${key.toString('hex')}\nChunk = ${sealChunk(d, index, Buffer.from('far away')).toString('hex')}`);
}

async function peer(program) {
  const p = new Peer(program);
  const hex = (b) => (b.length ? b.toString('hex') : '-');
  const unhex = (s) => Buffer.from(s === '-' ? '' : s, 'hex');
  const sizes = [0, 1, 15, 16, 17, 16383, 16384, 16385, 32767, 32768, 50000, 163840];
  for (const n of sizes) {
    const key = randomBytes(32), context = randomBytes(n % 50), salt = randomBytes(24), plain = randomBytes(n);
    const ours = unhex((await p.ask('chunked-seal', hex(key), hex(context), hex(salt), hex(plain)))[0]);
    p.check(`${n} bytes: sealed alike`, ours.equals(seal(key, context, salt, plain)));
    p.check(`${n} bytes: node opens Wattle's`, open(key, context, ours).equals(plain));
    const theirs = seal(key, context, randomBytes(24), plain);
    p.check(`${n} bytes: Wattle opens node's`, unhex((await p.ask('chunked-open', hex(key), hex(context), hex(theirs)))[0]).equals(plain));
    const where = Math.floor(Math.random() * theirs.length);
    theirs[where] ^= 1 << Math.floor(Math.random() * 8);
    p.check(`${n} bytes: Wattle refuses a changed byte`, (await p.ask('chunked-open', hex(key), hex(context), hex(theirs)))[0] === 'no');
  }
  p.done();
}

if (process.argv[2] === 'golden') golden();
else if (process.argv[2] === 'peer') await peer(process.argv[3]);
