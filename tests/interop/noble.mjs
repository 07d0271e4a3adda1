// Wattle's crypto room against npm @noble/post-quantum, an independent implementation in JavaScript.
//   noble.mjs PROGRAM ROUNDS [quick] [MODE...]
// quick: noble, which takes seconds for one, signs with no slow SLH-DSA set. MODE: what PROGRAM takes as its argument, a
// level of kernels or `openssl`; each gets a few rounds of everything but SLH-DSA.
import { randomBytes } from 'node:crypto';
import { ml_kem512, ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { x25519 } from '@noble/curves/ed25519.js';
import * as slh from '@noble/post-quantum/slh-dsa.js';
import { Peer } from './peer.mjs';

const p = new Peer(process.argv[2]);
let peer = p, label = '';
let rounds = Number(process.argv[3] ?? 20);
const quick = process.argv[4] === 'quick';
const hex = (b) => (b.length ? Buffer.from(b).toString('hex') : '-');
const flip = (b) => {
  const c = Uint8Array.from(b);
  c[Math.floor(Math.random() * c.length)] ^= 1 << Math.floor(Math.random() * 8);
  return c;
};

// Every round must hold; one line of TAP for each property.
async function property(name, times, holds) {
  let good = 0;
  for (let i = 0; i < times; i++)
    good += (await holds(i)) ? 1 : 0;
  p.check(`${label}${name} (${good} of ${times})`, good === times);
}

async function kem(name, noble, seedSize, randomSize) {
  await property(`${name}: public key of a seed`, rounds, async () => {
    const seed = randomBytes(seedSize);
    return hex(noble.keygen(seed).publicKey) === (await peer.ask('public', name, hex(seed)))[0];
  });
  await property(`${name}: Wattle encapsulates, noble decapsulates`, rounds, async () => {
    const { publicKey, secretKey } = noble.keygen(randomBytes(seedSize));
    const [enc, ss] = await peer.ask('encaps', name, hex(publicKey));
    return hex(noble.decapsulate(Buffer.from(enc, 'hex'), secretKey)) === ss;
  });
  await property(`${name}: noble encapsulates, Wattle decapsulates`, rounds, async () => {
    const seed = randomBytes(seedSize);
    const { cipherText, sharedSecret } = noble.encapsulate(noble.keygen(seed).publicKey);
    return hex(sharedSecret) === (await peer.ask('decaps', name, hex(seed), hex(cipherText)))[0];
  });
  await property(`${name}: encapsulation alike for the same randomness`, rounds, async () => {
    const { publicKey } = noble.keygen(randomBytes(seedSize));
    const random = randomBytes(randomSize);
    const { cipherText, sharedSecret } = noble.encapsulate(publicKey, random);
    const [enc, ss] = await peer.ask('encaps', name, hex(publicKey), hex(random));
    return enc === hex(cipherText) && ss === hex(sharedSecret);
  });
  await property(`${name}: the same secret for a changed encapsulation`, rounds, async () => {
    const seed = randomBytes(seedSize);
    const { publicKey, secretKey } = noble.keygen(seed);
    const { cipherText, sharedSecret } = noble.encapsulate(publicKey);
    const changed = flip(cipherText);
    const ss = (await peer.ask('decaps', name, hex(seed), hex(changed)))[0];
    return ss === hex(noble.decapsulate(changed, secretKey)) && ss !== hex(sharedSecret);
  });
}

async function sig(name, noble, seedSize, times, nobleSigns = true) {
  const message = () => randomBytes(Math.floor(Math.random() * 300));
  const context = (i) => randomBytes(i % 3 === 0 ? 0 : Math.floor(Math.random() * 256));
  await property(`${name}: Wattle signs, noble verifies, and refuses a change`, times, async (i) => {
    const seed = randomBytes(seedSize), m = message(), context_ = context(i);
    const publicKey = Buffer.from((await peer.ask('public', name, hex(seed)))[0], 'hex');
    const s = Buffer.from((await peer.ask('sign', name, hex(seed), hex(m), hex(context_), 'hedged'))[0], 'hex');
    return noble.verify(s, m, publicKey, { context: context_ }) && !noble.verify(flip(s), m, publicKey, { context: context_ });
  });
  if (!nobleSigns)
    return;
  await property(`${name}: noble signs, Wattle verifies, and refuses a change; deterministic signatures are alike`, times, async (i) => {
    const seed = randomBytes(seedSize), m = message(), context_ = context(i);
    const { publicKey, secretKey } = noble.keygen(seed);
    const s = noble.sign(m, secretKey, { context: context_, extraEntropy: false });
    const verify = async (m_, c_, s_) => (await peer.ask('verify', name, hex(publicKey), hex(m_), hex(c_), hex(s_)))[0];
    return hex(publicKey) === (await peer.ask('public', name, hex(seed)))[0] &&
      (await verify(m, context_, s)) === 'ok' &&
      (await verify(m, context_, flip(s))) === 'no' &&
      (await verify(Buffer.concat([m, Buffer.from([0])]), context_, s)) === 'no' &&
      (await verify(m, context_.length < 255 ? Buffer.concat([context_, Buffer.from([1])]) : context_.subarray(1), s)) === 'no' &&
      (await peer.ask('sign', name, hex(seed), hex(m), hex(context_), 'deterministic'))[0] === hex(s);
  });
}

// The mu of FIPS 204, made by either, signed and verified by both.
async function mu(name, noble, times) {
  await property(`${name}: external mu, made, signed and verified by both`, times, async (i) => {
    const seed = randomBytes(32), m = randomBytes(i * 7), context = randomBytes(i % 2 ? i : 0);
    const { publicKey, secretKey } = noble.keygen(seed);
    const made = (await peer.ask('mu', name, hex(publicKey), hex(m), hex(context)))[0];
    const s = noble.internal.sign(Buffer.from(made, 'hex'), secretKey, { externalMu: true, extraEntropy: false });
    return hex(s) === (await peer.ask('sign-mu', name, hex(seed), made))[0] &&
      hex(s) === hex(noble.sign(m, secretKey, { context, extraEntropy: false })) &&
      (await peer.ask('verify-mu', name, hex(publicKey), made, hex(s)))[0] === 'ok' &&
      (await peer.ask('verify', name, hex(publicKey), hex(m), hex(context), hex(s)))[0] === 'ok' &&
      (await peer.ask('verify-mu', name, hex(publicKey), hex(flip(Buffer.from(made, 'hex'))), hex(s)))[0] === 'no' &&
      noble.internal.verify(s, Buffer.from(made, 'hex'), publicKey, { externalMu: true });
  });
}

async function dh(times) {
  await property('X25519: public keys and secrets', times, async () => {
    const scalar = randomBytes(32), point = randomBytes(32);
    return hex(x25519.getPublicKey(scalar)) === (await peer.ask('public', 'X25519', hex(scalar)))[0] &&
      hex(x25519.getSharedSecret(scalar, point)) === (await peer.ask('derive', 'X25519', hex(scalar), hex(point)))[0];
  });
  await property('X25519: points of small order', 1, async () => {
    const scalar = randomBytes(32), zero = Buffer.alloc(32);
    let refused = false;
    try { x25519.getSharedSecret(scalar, zero); } catch { refused = true; }
    return refused && (await peer.ask('derive', 'X25519', hex(scalar), hex(zero)))[0] === 'format';
  });
}

// What Wattle's own kernels compute.
async function ours() {
  await dh(4 * rounds);
  await kem('ML-KEM-512', ml_kem512, 64, 32);
  await kem('ML-KEM-768', ml_kem768, 64, 32);
  await kem('ML-KEM-1024', ml_kem1024, 64, 32);
  await kem('X-Wing', ml_kem768_x25519, 32, 64);
  await sig('ML-DSA-44', ml_dsa44, 32, rounds);
  await sig('ML-DSA-65', ml_dsa65, 32, rounds);
  await sig('ML-DSA-87', ml_dsa87, 32, rounds);
  await mu('ML-DSA-44', ml_dsa44, rounds);
  await mu('ML-DSA-65', ml_dsa65, rounds);
  await mu('ML-DSA-87', ml_dsa87, rounds);
}

await ours();
for (const hash of ['sha2', 'shake']) {
  for (const [size, n] of [[128, 16], [192, 24], [256, 32]]) {
    for (const speed of ['f', 's'])
      await sig(`SLH-DSA-${hash.toUpperCase()}-${size}${speed}`, slh[`slh_dsa_${hash}_${size}${speed}`], 3 * n, 1, speed === 'f' || !quick);
  }
}
rounds = Math.ceil(rounds / 4);
for (const mode of process.argv.slice(5)) {
  peer = new Peer(process.argv[2], [mode]);
  label = `${mode}, `;
  await ours();
  peer.child.stdin.end();
}
p.done();
