// A verifier of envelopes that shares nothing with Wattle, written from docs/formats/envelope.md.
//   envelope.mjs FILE ENVELOPE PUBLIC-KEY.pem     prints "good", or what is wrong; exit 1 then
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import * as slh from '@noble/post-quantum/slh-dsa.js';
import { canonical } from './canon.mjs';

const [file, path, keyPath] = process.argv.slice(2);
const envelope = JSON.parse(readFileSync(path, 'utf8'));
const pem = readFileSync(keyPath, 'utf8');
const spki = Buffer.from(pem.replace(/-----[^-]*-----/g, ''), 'base64');
const no = (why) => { console.log(why); process.exit(1); };

const { signature, ...body } = envelope;
const text = Buffer.from(canonical(body));
const type = 'application/vnd.wattle.envelope.v1+json';
const message = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${text.length} `), text]);
const sig = Buffer.from(signature.slice('base64:'.length), 'base64');

const hash = (name) => ({ blake2b: 'blake2b512' }[name] ?? name);
if (envelope.version !== 'wattle-envelope-v1') no('version');
if (envelope.public_key_hash !== `sha3-256:${createHash('sha3-256').update(spki).digest('hex')}`) no('another key');

const noble = { 'ML-DSA-44': [ml_dsa44, 1312], 'ML-DSA-65': [ml_dsa65, 1952], 'ML-DSA-87': [ml_dsa87, 2592] };
for (const [n, size] of [[128, 32], [192, 48], [256, 64]])
  for (const speed of ['s', 'f']) {
    noble[`SLH-DSA-SHA2-${n}${speed}`] = [slh[`slh_dsa_sha2_${n}${speed}`], size];
    noble[`SLH-DSA-SHAKE-${n}${speed}`] = [slh[`slh_dsa_shake_${n}${speed}`], size];
  }
const digests = { 'ECDSA-P256': 'sha256', 'ECDSA-P384': 'sha384', 'ECDSA-P521': 'sha512', Ed25519: null };
let good;
if (envelope.algorithm in noble) {
  const [scheme, size] = noble[envelope.algorithm];
  good = scheme.verify(sig, message, spki.subarray(spki.length - size));
} else if (envelope.algorithm in digests) {
  good = verify(digests[envelope.algorithm], message, createPublicKey(pem), sig);
} else no('algorithm');
if (!good) no('signature');

const data = readFileSync(file);
const [name, want] = envelope.digest.split(':');
if (envelope.size !== data.length) no('size');
if (createHash(hash(name)).update(data).digest('hex') !== want) no('digest');
console.log('good');
