// Wattle's JWK against npm jose and Node's own crypto, in both directions, by files in the current folder.
//   jose.mjs WATTLE VECTORS
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as crypto from 'node:crypto';
import * as jose from 'jose';

const [wattle, vectors] = process.argv.slice(2);
let count = 0, bad = 0;
const check = (name, good) => {
  count++;
  if (!good)
    bad++;
  console.log(`${good ? 'ok' : 'not ok'} ${count} - ${name}`);
};
async function holds(name, test) {
  try {
    check(name, await test());
  } catch (e) {
    console.log(`# ${String(e.stderr ?? e).replaceAll('\n', ' ')}`);
    check(name, false);
  }
}
const run = (...args) => execFileSync(wattle, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const keyId = (file) => JSON.parse(run('key', 'show', file, '--json')).key_id;
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const write = (file, jwk) => { writeFileSync(file, JSON.stringify(jwk, null, 1)); chmodSync(file, 0o600); };
const spkiId = (key) => crypto.createHash('sha256').update(crypto.createPublicKey(key).export({ type: 'spki', format: 'der' })).digest('hex');

// name of Wattle, `alg` of jose, Node's key type and its options
const kinds = [
  ['ML-DSA-44', 'ML-DSA-44', 'ml-dsa-44'], ['ML-DSA-65', 'ML-DSA-65', 'ml-dsa-65'], ['ML-DSA-87', 'ML-DSA-87', 'ml-dsa-87'],
  ['ECDSA-P256', 'ES256', 'ec', { namedCurve: 'P-256' }], ['ECDSA-P384', 'ES384', 'ec', { namedCurve: 'P-384' }],
  ['ECDSA-P521', 'ES512', 'ec', { namedCurve: 'P-521' }], ['Ed25519', 'EdDSA', 'ed25519'],
];

for (const [name, alg, type, options] of kinds) {
  const stem = name;
  run('key', 'generate', '--alg', name, '--out', stem);
  run('key', 'convert', `${stem}.key`, '--to', 'jwk', '--out', `${stem}.jwk`);
  run('key', 'convert', `${stem}.pub`, '--to', 'jwk', '--out', `${stem}.pub.jwk`);
  const ours = read(`${stem}.jwk`), oursPublic = read(`${stem}.pub.jwk`);

  await holds(`${name}: the kid is jose's thumbprint`, async () => ours.kid === await jose.calculateJwkThumbprint(oursPublic));
  await holds(`${name}: jose signs with our private JWK and verifies with our public one`, async () => {
    const token = await new jose.CompactSign(Buffer.from('payload')).setProtectedHeader({ alg }).sign(await jose.importJWK(ours, alg));
    const { payload } = await jose.compactVerify(token, await jose.importJWK(oursPublic, alg));
    return Buffer.from(payload).toString() === 'payload';
  });
  await holds(`${name}: Node makes the same key of our JWK`, () => spkiId({ key: ours, format: 'jwk' }) === keyId(`${stem}.pub`) &&
    spkiId({ key: oursPublic, format: 'jwk' }) === keyId(`${stem}.pub`));
  await holds(`${name}: a signature with our PEM key verifies under our JWK in Node`, () => {
    const hash = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512' }[alg] ?? null;
    const s = crypto.sign(hash, Buffer.from('m'), crypto.createPrivateKey(readFileSync(`${stem}.key`)));
    return crypto.verify(hash, Buffer.from('m'), crypto.createPublicKey({ key: oursPublic, format: 'jwk' }), s);
  });

  await holds(`${name}: Wattle reads the keys that jose exports`, async () => {
    const pair = await jose.generateKeyPair(alg, { extractable: true });
    const theirs = await jose.exportJWK(pair.privateKey), theirsPublic = await jose.exportJWK(pair.publicKey);
    write('jose.jwk', theirs);
    write('jose.pub.jwk', { ...theirsPublic, alg, use: 'sig', key_ops: ['verify'], kid: 'theirs' });
    const id = spkiId({ key: theirsPublic, format: 'jwk' });
    return keyId('jose.jwk') === id && keyId('jose.pub.jwk') === id;
  });
  await holds(`${name}: Wattle reads the keys that Node exports, and gives them back alike`, () => {
    const pair = crypto.generateKeyPairSync(type, options);
    const out = `node-${name}.jwk`;
    const theirs = pair.privateKey.export({ format: 'jwk' });
    write('node.jwk', theirs);
    run('key', 'convert', 'node.jwk', '--to', 'jwk', '--out', out);
    const back = read(out);
    return Object.keys(theirs).every((k) => back[k] === theirs[k]);
  });
}

// Wattle's own signature, over a model, by a key that came as a JWK: Node checks the DSSE envelope.
for (const [name, , type] of kinds.slice(0, 3)) {
  await holds(`${name}: Wattle signs with Node's JWK, and Node verifies`, () => {
    const pair = crypto.generateKeyPairSync(type);
    write(`signer-${name}.jwk`, pair.privateKey.export({ format: 'jwk' }));
    writeFileSync(`model-${name}`, 'weights');
    run('sign', `model-${name}`, '--key', `signer-${name}.jwk`);
    const envelope = JSON.parse(readFileSync(`model-${name}.sig`, 'utf8')).dsseEnvelope;
    const payload = Buffer.from(envelope.payload, 'base64');
    const pae = Buffer.concat([Buffer.from(`DSSEv1 ${envelope.payloadType.length} ${envelope.payloadType} ${payload.length} `), payload]);
    return crypto.verify(null, pae, pair.publicKey, Buffer.from(envelope.signatures[0].sig, 'base64'));
  });
}

await holds('X25519: Node agrees with our JWK on one secret', () => {
  run('key', 'generate', '--alg', 'X25519', '--out', 'x');
  run('key', 'convert', 'x.key', '--to', 'jwk', '--out', 'x.jwk');
  const other = crypto.generateKeyPairSync('x25519');
  const ours = crypto.createPrivateKey({ key: read('x.jwk'), format: 'jwk' });
  const a = crypto.diffieHellman({ privateKey: ours, publicKey: other.publicKey });
  const b = crypto.diffieHellman({ privateKey: other.privateKey, publicKey: crypto.createPublicKey(readFileSync('x.pub')) });
  return a.equals(b);
});

const set = `${vectors}/jose/jwks.json`;
if (vectors && existsSync(set)) {
  for (const jwk of read(set).keys.filter((k) => k.kty !== 'RSA')) {
    await holds(`the published set's ${jwk.alg} key is read`, () => {
      write('set.jwk', jwk);
      return keyId('set.jwk') === spkiId({ key: jwk, format: 'jwk' });
    });
  }
}
console.log(`1..${count}`);
process.exitCode = bad ? 1 : 0;
