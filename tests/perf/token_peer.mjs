// How many tokens a second npm jose signs and verifies in one process, as tests/perf/token_perf.c does with Wattle; and Node's own crypto
// of the same bytes, without a token around it.
//   token_peer.mjs sign|verify|raw-sign|raw-verify KEY CLAIMS SET MILLISECONDS [AT-ONCE]
import { readFileSync } from 'node:fs';
import * as crypto from 'node:crypto';
import * as jose from 'jose';

const [work, keyFile, claimsFile, setFile, ms, atOnce = '1'] = process.argv.slice(2);
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const jwk = read(keyFile), claims = read(claimsFile), set = read(setFile);
const kid = set.keys[0].kid;
const alg = set.keys[0].alg ?? 'EdDSA';
const key = await jose.importJWK(jwk, alg);
const keys = jose.createLocalJWKSet(set);
const options = { audience: 'https://inference.example/v1', issuer: 'https://idp.example', algorithms: [alg] };
const sign = () => new jose.SignJWT(claims).setProtectedHeader({ alg, typ: 'at+jwt', kid }).sign(key);
const token = await sign();
const at = token.lastIndexOf('.');
const input = Buffer.from(token.slice(0, at)), signature = Buffer.from(token.slice(at + 1), 'base64url');
const hash = alg === 'ES256' ? 'sha256' : null;
const secret = { key: crypto.createPrivateKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
const open = { key: crypto.createPublicKey({ key: set.keys[0], format: 'jwk' }), dsaEncoding: 'ieee-p1363' };
const works = {
  sign,
  verify: () => jose.jwtVerify(token, keys, options),
  'raw-sign': () => crypto.sign(hash, input, secret),
  'raw-verify': () => { if (!crypto.verify(hash, input, open, signature)) throw new Error('wrong'); },
};
const once = works[work];

for (let i = 0; i < 200; i++) await once();
const from = performance.now();
let n = 0;
const worker = async () => {
  while (performance.now() - from < Number(ms)) {
    await once();
    n++;
  }
};
await Promise.all(Array.from({ length: Number(atOnce) }, worker));
console.log(Math.round(n / (performance.now() - from) * 1e3));
