// Opens a Wattle container with node's own crypto and @noble/post-quantum: written from docs/formats/wtl.md alone, to show
// that the page is enough.
//   wtl-open.mjs CONTAINER --identity FILE | --passphrase FILE  [--sender FILE]
// prints JSON: shape, recipients, entries with the contents' SHA-256; exit 3: refused
// Identities: age's AGE-SECRET-KEY-PQ-1... (X-Wing), PKCS#8 PEM with the seed (ML-KEM-1024). The passphrase is FILE's first line. Senders:
// SubjectPublicKeyInfo PEM (ML-DSA, SLH-DSA).
import { createDecipheriv, createHash, createHmac, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { slh_dsa_sha2_128s } from '@noble/post-quantum/slh-dsa.js';

class Refused extends Error {}
const must = (holds, why) => { if (!holds) throw new Refused(why); };
const hash = (name, ...parts) => parts.reduce((h, p) => h.update(p), createHash(name)).digest();
const hmac = (name, key, ...parts) => parts.reduce((h, p) => h.update(p), createHmac(name, key)).digest();
const u16 = (n) => { const b = Buffer.alloc(2); b.writeUInt16BE(n); return b; };
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };
const zero = (b) => b.every((x) => x === 0);
const label = (text) => Buffer.from(text + '\0');

class Reader {
  constructor(bytes) { this.b = bytes; this.at = 0; }
  take(n) { must(this.at + n <= this.b.length, 'cut off'); this.at += n; return this.b.subarray(this.at - n, this.at); }
  u8() { return this.take(1)[0]; }
  u16() { return this.take(2).readUInt16BE(); }
  u32() { return this.take(4).readUInt32BE(); }
  u64() { const v = this.take(8).readBigUInt64BE(); must(v <= Number.MAX_SAFE_INTEGER, 'too large'); return Number(v); }
  done() { return this.at === this.b.length; }
}

function expand(name, prk, info, n) { // RFC 5869 section 2.3
  let t = Buffer.alloc(0), out = Buffer.alloc(0);
  for (let i = 1; out.length < n; i++) {
    t = hmac(name, prk, t, info, Buffer.from([i]));
    out = Buffer.concat([out, t]);
  }
  return out.subarray(0, n);
}

function gcm(key, nonce, sealed) {
  const d = createDecipheriv('aes-256-gcm', key, nonce);
  d.setAuthTag(sealed.subarray(sealed.length - 16));
  try {
    return Buffer.concat([d.update(sealed.subarray(0, sealed.length - 16)), d.final()]);
  } catch {
    throw new Refused('a tag is wrong');
  }
}

// Single-shot HPKE base mode, RFC 9180 sections 4, 5.1 and 6.1; AEAD AES-256-GCM.
function hpkeOpen(kem, sharedSecret, info, sealed) {
  const digest = kem.kdf === 2 ? 'sha384' : 'sha256';
  const suite = Buffer.concat([Buffer.from('HPKE'), u16(kem.type), u16(kem.kdf), u16(2)]);
  const extract = (salt, name, ikm) => hmac(digest, salt, 'HPKE-v1', suite, name, ikm);
  const labeled = (prk, name, context, n) =>
    expand(digest, prk, Buffer.concat([u16(n), Buffer.from('HPKE-v1'), suite, Buffer.from(name), context]), n);
  const none = Buffer.alloc(0);
  const context = Buffer.concat([Buffer.from([0]), extract(none, 'psk_id_hash', none), extract(none, 'info_hash', info)]);
  const secret = extract(sharedSecret, 'secret', none);
  return gcm(labeled(secret, 'key', context, 32), labeled(secret, 'base_nonce', context, 12), sealed);
}

// "Keys and contexts": a message of chunked-encryption.
const CHUNK = 16384, SEALED = CHUNK + 16, SEGMENT = 64 * SEALED;
const sealedSize = (plain) => 56 + plain + 16 * (Math.floor(plain / CHUNK) + 1);
function openMessage(key, context, message) {
  must(message.length >= 72, 'a message is cut off');
  const salt = message.subarray(0, 24);
  const okm = expand('sha512', key, Buffer.concat([label('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM'), salt, context]), 76);
  must(okm.subarray(44).equals(message.subarray(24, 56)), 'a commitment is wrong');
  const parts = [];
  let last = SEALED;
  for (let at = 56, k = 0; last === SEALED; k++, at += SEALED) {
    const sealed = message.subarray(at, Math.min(at + SEALED, message.length));
    must(sealed.length >= 16, 'a message does not end with a short chunk');
    const nonce = Buffer.from(okm.subarray(32, 44));
    u64(k).forEach((x, i) => { nonce[4 + i] ^= x; });
    parts.push(gcm(okm.subarray(0, 32), nonce, sealed));
    last = sealed.length;
  }
  return Buffer.concat(parts);
}

function parsePreamble(page) {
  const r = new Reader(page);
  must(r.take(8).equals(Buffer.from('f757544c0d0a1a0a', 'hex')), 'no container');
  const p = { page, version: r.u16(), suite: r.u16(), slotSize: r.u32(), id: r.take(32) };
  must(p.version === 1 && p.suite === 1, 'another version or suite');
  must(p.slotSize >= 4096 && p.slotSize <= 16777216 && (p.slotSize & (p.slotSize - 1)) === 0, 'slot size');
  must(zero(r.take(4048)), 'padding');
  return p;
}

function parseSlot(raw, place) {
  if (zero(raw)) return { state: 'unused' };
  const end = raw.length;
  if (!hash('sha256', raw.subarray(0, end - 32)).equals(raw.subarray(end - 32))) return { state: 'torn' };
  const r = new Reader(raw.subarray(0, end - 64));
  const generation = r.u64(), used = r.u32(), count = r.u16();
  must(r.u16() === 0 && generation >= 1 && (generation - 1) % 2 === place, 'slot');
  const area = new Reader(r.take(used));
  must(zero(r.take(r.b.length - r.at)), 'slot padding');
  const stanzas = [];
  for (let i = 0; i < count; i++)
    stanzas.push({ type: area.u16(), kdf: area.u16(), aead: area.u16(), body: area.take(area.u32()) });
  must(area.done(), 'stanzas');
  must(count < 2 || stanzas.every((s) => s.type !== 0x8001), 'a passphrase beside others');
  must(stanzas.every((s, i) => s.type !== 0x8002 || i === count - 1), 'place of the roster');
  return { state: 'whole', generation, stanzas, raw, mac: raw.subarray(end - 64, end - 32) };
}

function parseTrailer(file, payload) {
  const raw = file.subarray(file.length - 192);
  const r = new Reader(raw);
  must(r.take(8).equals(Buffer.from('f757544c656e640a', 'hex')), 'no trailer');
  const t = { raw, generation: r.u64(), index: r.u64(), indexSize: r.u64(), sigs: r.u64(), sigsSize: r.u64(), total: r.u64() };
  t.digest = r.take(64);
  must(zero(r.take(8)), 'trailer');
  t.mac = r.take(32);
  must(hash('sha256', raw.subarray(0, 160)).equals(r.take(32)), 'trailer checksum');
  must(t.total === file.length && t.generation >= 1 && t.index >= payload && t.index + t.indexSize === t.sigs &&
    t.sigs + t.sigsSize === file.length - 192, 'trailer places');
  return t;
}

function parseSignatures(raw) {
  const r = new Reader(raw);
  const list = [];
  for (let n = r.u16(); n > 0; n--)
    list.push({ alg: r.u16(), keyId: r.take(32), signature: r.take(r.u32()) });
  must(r.done(), 'signature block');
  must(new Set(list.map((s) => s.keyId.toString('hex'))).size === list.length, 'a key id twice');
  return list;
}

const verifiers = { 1: [ml_dsa44, 1312], 2: [ml_dsa65, 1952], 3: [ml_dsa87, 2592], 0x11: [slh_dsa_sha2_128s, 32] };
function checkSender(p, t, signatures, spki) {
  const s = signatures.find((x) => x.keyId.equals(hash('sha256', spki)));
  must(s, 'the sender did not sign');
  must(verifiers[s.alg], 'an algorithm that this reader does not know');
  const [scheme, size] = verifiers[s.alg];
  const message = Buffer.concat([label('wattle/seal/v1 sender'), u16(p.suite), p.id, u64(t.generation), t.digest]);
  must(scheme.verify(s.signature, message, spki.subarray(spki.length - size)), 'the signature is wrong');
}

function goodName(raw) {
  const name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  return raw.length <= 4096 && !name.includes('\0') && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function parseIndex(plain, t, payload) {
  const r = new Reader(plain);
  const shape = r.u8();
  must(r.u64() === t.generation, 'index generation');
  const entries = [];
  for (let n = r.u64(); n > 0; n--) {
    const e = { type: r.u8(), tree: r.u8(), mode: r.u16() };
    e.rawName = r.take(r.u16());
    must((e.type === 1 && e.tree <= 1) || (e.type === 2 && e.tree === 0), 'entry type');
    must(e.mode <= 0o777 && goodName(e.rawName), 'entry name or mode');
    if (e.type === 1)
      Object.assign(e, { object: r.u64(), generation: r.u64(), offset: r.u64(), size: r.u64() });
    if (e.tree === 1) e.root = r.take(32);
    entries.push(e);
  }
  must(r.done(), 'bytes after the index');
  const names = new Set(entries.map((e) => e.rawName.toString()));
  entries.forEach((e, i) => {
    must(i === 0 || Buffer.compare(entries[i - 1].rawName, e.rawName) < 0, 'order of names');
    const parts = e.rawName.toString().split('/');
    for (let k = 1; k < parts.length; k++) must(!names.has(parts.slice(0, k).join('/')), 'a name below a file');
  });
  must(shape === 0 || (shape <= 2 && entries.length === 1 && entries[0].type === 1 && !entries[0].rawName.includes('/')), 'shape');
  let at = payload, object = 0, generation = 1;
  for (const e of entries.filter((x) => x.type === 1).sort((a, b) => a.offset - b.offset)) {
    must(e.offset >= at && (t.generation > 1 || e.offset === at), 'place of an object');
    must(e.object > object && e.generation >= generation && e.generation <= t.generation, 'object number or generation');
    e.sealed = sealedSize(e.size);
    e.leaves = e.tree ? 1 + Math.ceil((e.sealed - 56) / SEGMENT) : 0;
    at = e.offset + e.sealed + 32 * e.leaves;
    must(at <= t.index, 'an object reaches into the index');
    object = e.object;
    generation = e.generation;
  }
  must(at === t.index || t.generation > 1, 'bytes before the index');
  return { shape, entries };
}

function treeRoot(leaves) { // RFC 6962 section 2.1
  if (leaves.length === 1) return leaves[0];
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return hash('sha256', Buffer.from([1]), treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)));
}

function checkTree(file, e, message) {
  must(e.tree === 1, 'the signature does not cover the content');
  const table = file.subarray(e.offset + e.sealed, e.offset + e.sealed + 32 * e.leaves);
  const leaves = Array.from({ length: e.leaves }, (_, i) => table.subarray(32 * i, 32 * i + 32));
  must(treeRoot(leaves).equals(e.root), 'the leaf table is wrong');
  leaves.forEach((leaf, i) => {
    const part = i === 0 ? message.subarray(0, 56) : message.subarray(56 + (i - 1) * SEGMENT, 56 + i * SEGMENT);
    must(hash('sha256', Buffer.from([0]), part).equals(leaf), 'a segment is wrong');
  });
}

const kems = [
  { type: 0x647a, kdf: 1, enc: 1120, seed: 32, secret: (enc, seed) => ml_kem768_x25519.decapsulate(enc, seed) },
  { type: 0x0042, kdf: 2, enc: 1568, seed: 64, secret: (enc, seed) => ml_kem1024.decapsulate(enc, ml_kem1024.keygen(seed).secretKey) },
];
function unwrapKey(p, slot, identity) {
  const info = Buffer.concat([label('wattle/seal/v1'), u16(p.suite), p.id]);
  const kem = kems.find((k) => k.seed === identity.length);
  for (const s of slot.stanzas.filter((x) => x.type === kem.type && x.kdf === kem.kdf && x.aead === 2)) {
    must(s.body.length === kem.enc + 48, 'stanza length');
    try {
      return hpkeOpen(kem, kem.secret(s.body.subarray(0, kem.enc), identity), info, s.body.subarray(kem.enc));
    } catch (e) {
      if (!(e instanceof Refused)) throw e;
    }
  }
  throw new Refused('not a recipient');
}

// "Passphrase"
function unwrapPassphrase(p, slot, passphrase) {
  const s = slot.stanzas[0];
  must(s?.type === 0x8001 && s.kdf === 3 && s.aead === 2, 'no passphrase opens it');
  must(s.body.length === 141, 'stanza length');
  const r = new Reader(s.body);
  const cost = { logN: r.u8(), r: r.u16(), p: r.u16() };
  must(cost.logN > 0 && cost.logN < 16 * cost.r && cost.r * cost.p > 0 && cost.r * cost.p < 2 ** 30, 'scrypt parameters');
  must(2 ** cost.logN * cost.r * cost.p <= 2 ** 23, 'too much work');
  const context = (x) => Buffer.concat([label('wattle/seal/v1 passphrase'), u16(p.suite), p.id, x]);
  const key = scryptSync(passphrase, context(r.take(32)), 32, { N: 2 ** cost.logN, r: cost.r, p: cost.p, maxmem: 2 ** 31 - 1 });
  return openMessage(key, context(s.body.subarray(0, 37)), s.body.subarray(37));
}

// "Roster": key ids, null where nobody said; undefined when there is none.
function readRoster(p, slot, key) {
  const s = slot.stanzas.find((x) => x.type === 0x8002 && x.kdf === 3 && x.aead === 2);
  if (!s) return undefined;
  const plain = openMessage(key, Buffer.concat([label('wattle/seal/v1 roster'), p.id, u64(slot.generation)]), s.body);
  must(plain.length === 32 * (slot.stanzas.length - 1), 'length of the roster');
  return slot.stanzas.slice(0, -1).map((_, i) => plain.subarray(32 * i, 32 * i + 32)).map((id) => (zero(id) ? null : id.toString('hex')));
}

function open(file, identity, passphrase, spki) {
  const p = parsePreamble(file.subarray(0, 4096));
  const payload = 4096 + 2 * p.slotSize;
  must(file.length >= payload + 192, 'cut off');
  const slots = [0, 1].map((i) => parseSlot(file.subarray(4096 + i * p.slotSize, 4096 + (i + 1) * p.slotSize), i));
  const slot = slots.filter((s) => s.state === 'whole').sort((a, b) => b.generation - a.generation)[0];
  must(slot, 'no whole header');
  const t = parseTrailer(file, payload);
  const sigs = file.subarray(t.sigs, t.sigs + t.sigsSize);
  const signatures = parseSignatures(sigs);
  const index = file.subarray(t.index, t.index + t.indexSize);
  must(hash('sha512', index).equals(t.digest), 'index digest');
  const key = identity ? unwrapKey(p, slot, identity) : unwrapPassphrase(p, slot, passphrase);
  const sub = (use) => expand('sha512', key, Buffer.from('wattle/seal/v1 ' + use), 32);
  must(hmac('sha256', sub('header mac'), p.page, slot.raw.subarray(0, p.slotSize - 64)).equals(slot.mac), 'header MAC');
  must(hmac('sha256', sub('trailer mac'), p.id, t.raw.subarray(0, 128), hash('sha512', sigs)).equals(t.mac), 'trailer MAC');
  if (spki) checkSender(p, t, signatures, spki);
  const context = Buffer.concat([label('wattle/seal/v1 index'), p.id, u64(t.generation), u64(t.index)]);
  const { shape, entries } = parseIndex(openMessage(sub('index key'), context, index), t, payload);
  const listed = entries.map((e) => {
    const out = { name: e.rawName.toString(), mode: e.mode.toString(8) };
    if (e.type === 2) return { ...out, type: 'directory' };
    const message = file.subarray(e.offset, e.offset + e.sealed);
    if (spki) checkTree(file, e, message);
    const meta = hash('sha256', Buffer.from([e.type]), u16(e.mode), u16(e.rawName.length), e.rawName);
    const plain = openMessage(sub('object key'),
      Buffer.concat([label('wattle/seal/v1 object'), p.id, u64(e.object), u64(e.generation), meta]), message);
    must(plain.length === e.size, 'size');
    return { ...out, type: 'file', size: e.size, sha256: hash('sha256', plain).toString('hex') };
  });
  const roster = readRoster(p, slot, sub('roster key'));
  return { shape: ['directory', 'file', 'stream'][shape], sender: Boolean(spki), header: slot.generation, roster, entries: listed };
}

// PKCS#8 of an ML-KEM-1024 key kept as its seed (RFC 9935): the seed is at the end.
function readIdentity(text) {
  if (!text.includes('PRIVATE KEY-----')) return ageIdentity(text);
  const der = Buffer.from(text.replace(/-----[^-]*-----/g, ''), 'base64');
  must(der.length === 86 && der.subarray(20, 22).equals(Buffer.from('8040', 'hex')), 'no ML-KEM seed');
  return new Uint8Array(der.subarray(22));
}

// Bech32 (BIP 173) without its limit of length, as age uses it.
function ageIdentity(text) {
  const line = text.split('\n').find((l) => l !== '' && !l.startsWith('#')).trim().toLowerCase();
  const digits = [...line.slice(line.lastIndexOf('1') + 1)].map((c) => 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(c));
  let bits = 0, have = 0;
  const out = [];
  for (const d of digits.slice(0, -6)) {
    bits = ((bits << 5) | d) & 0xfff;
    have += 5;
    if (have >= 8) { have -= 8; out.push((bits >> have) & 255); }
  }
  must(out.length === 32, 'no X-Wing identity');
  return Uint8Array.from(out);
}

const [path, ...options] = process.argv.slice(2);
const option = (name) => { const i = options.indexOf(name); return i < 0 ? undefined : readFileSync(options[i + 1], 'utf8'); };
try {
  const pem = option('--sender');
  const spki = pem && Buffer.from(pem.replace(/-----[^-]*-----/g, ''), 'base64');
  const identity = option('--identity'), passphrase = option('--passphrase')?.split('\n')[0];
  console.log(JSON.stringify(open(readFileSync(path), identity && readIdentity(identity), passphrase, spki)));
} catch (e) {
  console.error(e instanceof Refused ? `refused: ${e.message}` : e.stack);
  process.exit(e instanceof Refused ? 3 : 70);
}
