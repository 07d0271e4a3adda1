// Wattle's tokens and key sets against npm jose, in both directions, by files in the current folder.
//   token.mjs WATTLE VECTORS
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as crypto from 'node:crypto';
import * as jose from 'jose';

const [wattle, vectors] = process.argv.slice(2);
let count = 0, bad = 0;
async function holds(name, test) {
  count++;
  let good = false;
  try {
    good = await test();
  } catch (e) {
    console.log(`# ${String(e.stack ?? e).replaceAll('\n', ' ')}`);
  }
  bad += good ? 0 : 1;
  console.log(`${good ? 'ok' : 'not ok'} ${count} - ${name}`);
}
function run(...args) {
  const r = spawnSync(wattle, args, { encoding: 'utf8' });
  return { code: r.status, out: r.stdout, err: r.stderr };
}
function must(...args) {
  const r = run(...args);
  if (r.code !== 0) throw new Error(`wattle ${args.join(' ')}: ${r.err}`);
  return r.out;
}
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const now = Math.floor(Date.now() / 1000);
const claims = { iss: 'https://idp.example', sub: 'tenant-42/user-7', aud: ['https://a', 'https://b'], iat: now, nbf: now, exp: now + 86400, jti: 'ümläut ☂', scope: 'x y', deep: { list: [1, 2.5, null, true, 'é'] } };
const policy = ['--aud', 'https://b', '--iss', 'https://idp.example', '--typ', 'at+jwt', '--max-age', '1h', '--leeway', '1m'];
const joses = { audience: 'https://b', issuer: 'https://idp.example', typ: 'at+jwt', maxTokenAge: '1h', clockTolerance: 60 };

function verify(token, jwks, ...options) {
  writeFileSync('their.jwt', token);
  writeFileSync('their.jwks', JSON.stringify(jwks));
  const r = run('token', 'verify', 'their.jwt', '--jwks', 'their.jwks', '--json', ...options);
  return { ...r, json: JSON.parse(r.out || '{}') };
}

const kinds = [['ML-DSA-44', 'ML-DSA-44'], ['ML-DSA-65', 'ML-DSA-65'], ['ML-DSA-87', 'ML-DSA-87'],
  ['ECDSA-P256', 'ES256'], ['ECDSA-P384', 'ES384'], ['ECDSA-P521', 'ES512'], ['Ed25519', 'EdDSA']];
for (const [name] of kinds) must('key', 'generate', '--alg', name, '--out', name);
const ourSet = JSON.parse(must('token', 'jwks', ...kinds.map(([name]) => `${name}.pub`)));
writeFileSync('claims.json', JSON.stringify(claims));

const theirs = {};
for (const [, alg] of [...kinds, ['', 'Ed25519']]) theirs[alg] = await jose.generateKeyPair(alg, { extractable: true });
const theirSet = { keys: [] };
for (const [alg, pair] of Object.entries(theirs))
  theirSet.keys.push({ ...await jose.exportJWK(pair.publicKey), alg, use: 'sig', kid: await jose.calculateJwkThumbprint(await jose.exportJWK(pair.publicKey)) + alg });
const signed = (alg, header = {}, body = claims) => new jose.SignJWT(body).setProtectedHeader({ alg, typ: 'at+jwt', ...header }).sign(theirs[alg].privateKey);
const kidOf = (alg) => theirSet.keys.find((k) => k.alg === alg).kid;

for (const [name, alg] of kinds) {
  await holds(`${alg}: jose takes our token by our set`, async () => {
    for (let i = 0; i < 20; i++) {
      const token = must('token', 'sign', '--key', `${name}.key`, '--claims', 'claims.json', '--typ', 'at+jwt').trim();
      const { payload, protectedHeader } = await jose.jwtVerify(token, jose.createLocalJWKSet(ourSet), { ...joses, algorithms: [alg] });
      if (!same(payload, claims) || protectedHeader.alg !== alg || !ourSet.keys.some((k) => k.kid === protectedHeader.kid)) return false;
    }
    return true;
  });
  await holds(`${alg}: jose refuses our token when a claim is changed`, async () => {
    const [h, , s] = must('token', 'sign', '--key', `${name}.key`, '--claims', 'claims.json').trim().split('.');
    const other = Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url');
    return jose.jwtVerify(`${h}.${other}.${s}`, jose.createLocalJWKSet(ourSet)).then(() => false, (e) => e.code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
  });
}
for (const alg of Object.keys(theirs)) {
  await holds(`${alg}: we take jose's token by jose's set`, async () => {
    for (let i = 0; i < 20; i++) {
      const r = verify(await signed(alg, { kid: kidOf(alg) }), theirSet, ...policy, '--alg', alg);
      if (r.code !== 0 || !same(r.json.claims, claims) || r.json.algorithm !== alg) return false;
    }
    return true;
  });
  await holds(`${alg}: a changed claim, and its key under another name, are refused`, async () => {
    const [h, , s] = (await signed(alg, { kid: kidOf(alg) })).split('.');
    const changed = verify(`${h}.${Buffer.from('{"exp":4102444800}').toString('base64url')}.${s}`, theirSet, '--any-aud');
    const other = alg === 'ES256' ? 'ES384' : 'ES256';
    const wrong = verify(await signed(alg, { kid: kidOf(other) }), theirSet, '--any-aud');
    return changed.code === 1 && changed.json.reason === 'signature' && wrong.code === 1 && wrong.json.reason === 'key-algorithm';
  });
}

// What both must say of the same token.
const outcomes = [
  ['expired', { ...claims, exp: now - 100 }, 'expired', 'ERR_JWT_EXPIRED'],
  ['not yet', { ...claims, nbf: now + 1000 }, 'early', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  ['for others', { ...claims, aud: 'https://c' }, 'audience', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  ['for nobody', { ...claims, aud: [] }, 'audience', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  ['of another issuer', { ...claims, iss: 'https://evil' }, 'issuer', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
  ['too old', { ...claims, iat: now - 7200 }, 'old', 'ERR_JWT_EXPIRED'],
  ['issued later', { ...claims, iat: now + 7200 }, 'early', 'ERR_JWT_CLAIM_VALIDATION_FAILED'],
];
for (const [what, body, reason, code] of outcomes) {
  await holds(`${what}: jose and we refuse for one reason`, async () => {
    const token = await signed('ML-DSA-44', { kid: kidOf('ML-DSA-44') }, body);
    const r = verify(token, theirSet, ...policy);
    const e = await jose.jwtVerify(token, jose.createLocalJWKSet(theirSet), joses).then(() => undefined, (x) => x);
    return r.code === 1 && r.json.reason === reason && e?.code === code;
  });
}

await holds('several texts of one signature: jose takes them, we take one', async () => {
  const token = await signed('ML-DSA-44', { kid: kidOf('ML-DSA-44') });
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const texts = [`${token} `, `${token.slice(0, -50)}\n${token.slice(-50)}`, `${token}=`,
    token.slice(0, -1) + digits[digits.indexOf(token.at(-1)) ^ 1]];
  let lax = 0, ours = 0;
  for (const text of texts) {
    lax += await jose.jwtVerify(text, jose.createLocalJWKSet(theirSet), joses).then(() => 1, () => 0);
    ours += verify(text, theirSet, ...policy).code === 0 ? 1 : 0;
  }
  console.log(`# jose takes ${lax} of ${texts.length} other texts`);
  return ours === 0 && verify(token, theirSet, ...policy).code === 0;
});
await holds('HMAC under a public key, and no signature at all, are refused', async () => {
  const pem = await jose.exportSPKI(theirs.ES256.publicKey);
  const mac = await new jose.SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(pem));
  const none = new jose.UnsecuredJWT(claims).encode();
  return [mac, none].every((t) => { const r = verify(t, theirSet, '--any-aud'); return r.code === 5 && r.json.reason === 'algorithm'; });
});
await holds('an encrypted token is refused', async () => {
  const pair = await jose.generateKeyPair('ECDH-ES', { crv: 'X25519' });
  const jwe = await new jose.EncryptJWT(claims).setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' }).encrypt(pair.publicKey);
  return verify(jwe, theirSet, '--any-aud').code === 4;
});
await holds('b64 and crit by jose are refused', async () => {
  const jws = await new jose.CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg: 'ES256', kid: kidOf('ES256'), 'urn:x': 1, crit: ['urn:x'] }).sign(theirs.ES256.privateKey, { crit: { 'urn:x': true } });
  return verify(jws, theirSet, '--any-aud').json.reason === 'unsupported';
});
await holds("Node's own crypto verifies our ES256 token", () => {
  const token = must('token', 'sign', '--key', 'ECDSA-P256.key', '--claims', 'claims.json').trim();
  const at = token.lastIndexOf('.');
  const key = crypto.createPublicKey({ key: ourSet.keys.find((k) => k.alg === 'ES256'), format: 'jwk' });
  return crypto.verify('sha256', Buffer.from(token.slice(0, at)), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(token.slice(at + 1), 'base64url'));
});

const at = ['--at', '2026-01-01T00:00:00Z', '--any-aud'];
for (const alg of ['ML-DSA-44', 'ML-DSA-65']) {
  const file = `${vectors}/jose/${alg}.valid.jwt`;
  if (vectors && existsSync(file))
    await holds(`the published ${alg} token is taken`, () => must('token', 'verify', file, '--jwks', `${vectors}/jose/jwks.json`, ...at).includes('tenant-42/user-7'));
}
console.log(`1..${count}`);
process.exitCode = bad ? 1 : 0;
