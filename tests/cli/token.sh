#!/usr/bin/env bash
# Tokens and key sets by the commands: signed, verified, refused with the exit code that belongs, and told when a header would be too large.
. "$(dirname "$0")/../lib/tap.sh"
requires_command jq
cd "$tmp" || exit 1

b64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }
algs='ML-DSA-44 ML-DSA-65 ML-DSA-87 ECDSA-P256 ECDSA-P384 ECDSA-P521 Ed25519'
for alg in $algs; do "$wattle" key generate --alg "$alg" --out "$alg" >/dev/null; done
# shellcheck disable=SC2086
exits "a set of every kind of key" 0 "$wattle" token jwks ${algs// /.pub }.pub --out all.jwks
is "holds seven keys to sign with" "$(jq -r '[.keys[] | select(.use == "sig")] | length' all.jwks)" 7
is "which are public" "$(jq -r '[.keys[] | has("d") or has("priv")] | any' all.jwks)" false
is "can be read by anybody" "$(stat -c %a all.jwks)" 644
exits "a set is not written over another" 5 "$wattle" token jwks Ed25519.pub --out all.jwks
exits "but with --force" 0 "$wattle" token jwks Ed25519.pub --out all.jwks --force
# shellcheck disable=SC2086
"$wattle" token jwks ${algs// /.pub }.pub >all.jwks

echo '{"iss":"https://idp","sub":"u7","aud":["api","other"],"jti":"1","exp":4102444800}' >claims
for alg in $algs; do
  exits "$alg: sign" 0 "$wattle" token sign --key "$alg.key" --claims claims
  is "one line" "$(wc -l <"$tmp/.out")" 1
  cp "$tmp/.out" token
  is "the claims are signed byte for byte" "$(cut -d. -f2 token)" "$(tr -d '\n' <claims | b64url)"
  exits "verify" 0 "$wattle" token verify token --jwks all.jwks --aud api --json
  is "says whose" "$(jq -r '.claims.sub + " " + (.post_quantum | tostring) + " " + .key_id' <<<"$out")" \
    "u7 $([[ $alg == ML-DSA* ]] && echo true || echo false) $("$wattle" key show "$alg.pub" --json | jq -r .key_id)"
  exits "from standard input" 0 bash -c '"$0" token verify - --jwks all.jwks --aud api <token' "$wattle"
  [[ $alg == ML-DSA* ]] && pq=0 || pq=5
  exits "only post-quantum: exit $pq" "$pq" "$wattle" token verify token --jwks all.jwks --aud api --pq-only
  exits "with the set of this key alone" 0 bash -c '"$0" token jwks "$1.pub" | "$0" token verify token --jwks - --any-aud' "$wattle" "$alg"
done

"$wattle" token sign --key ML-DSA-65.key --claims claims >token
verify() { "$wattle" token verify "${1:-token}" --jwks all.jwks --json "${@:2}" 2>/dev/null | jq -r .reason; }
verdict() { # NAME CODE REASON FILE OPTIONS...
  exits "$1" "$2" "$wattle" token verify "$4" --jwks all.jwks "${@:5}"
  is "  reason $3" "$(verify "$4" "${@:5}")" "$3"
}
verdict "for us" 0 good token --aud x --aud api
verdict "for others" 1 audience token --aud x
verdict "for somebody, and nobody said for whom" 1 audience token
says "tells for whom" 'for the audience "api"'
verdict "the issuer" 0 good token --any-aud --iss https://idp
verdict "another issuer" 1 issuer token --any-aud --iss https://idp/
verdict "expired" 1 expired token --any-aud --at 2100-01-01T00:00:00Z
verdict "not yet" 0 good token --any-aud --at 2099-12-31T23:59:59Z
verdict "the type" 0 good token --any-aud --typ application/jwt
verdict "another type" 1 type token --any-aud --typ at+jwt
verdict "an algorithm that is allowed" 0 good token --any-aud --alg ES256 --alg ML-DSA-65
verdict "one that is not" 5 algorithm token --any-aud --alg ES256
verdict "no iat with --max-age" 5 undated token --any-aud --max-age 1h
exits "no such algorithm" 2 "$wattle" token verify token --jwks all.jwks --any-aud --alg HS256
exits "--aud and --any-aud" 2 "$wattle" token verify token --jwks all.jwks --any-aud --aud x
exits "a leeway of years" 2 "$wattle" token verify token --jwks all.jwks --any-aud --leeway 700d
exits "a leeway in words" 2 "$wattle" token verify token --jwks all.jwks --any-aud --leeway soon
exits "a time of no form" 2 "$wattle" token verify token --jwks all.jwks --any-aud --at tomorrow
exits "no set" 2 "$wattle" token verify token
exits "no such set" 3 "$wattle" token verify token --jwks nowhere
exits "a key where a set belongs" 4 "$wattle" token verify token --jwks ML-DSA-65.pub
exits "no such token" 3 "$wattle" token verify nowhere --jwks all.jwks

{ cat token; echo; } >more; verdict "two line ends" 4 malformed more --any-aud
{ echo; cat token; } >more; verdict "a line end before" 4 malformed more --any-aud
tr -d '\n' <token >more; verdict "no line end" 0 good more --any-aud
sed 's/$/=/' token >more; verdict "padding" 4 malformed more --any-aud
sed 's/$/./' token >more; verdict "a fourth part" 4 malformed more --any-aud
{ printf 'Bearer '; cat token; } >more; verdict "with Bearer before it" 4 malformed more --any-aud
{ head -c 300 token; printf '\n'; tail -c +301 token; } >more; verdict "wrapped" 4 malformed more --any-aud
head -c 4000 token >more; verdict "cut" 4 malformed more --any-aud
: >more; verdict "nothing" 4 malformed more --any-aud
head -c 70000 /dev/zero | tr '\0' A >more
exits "too long" 4 "$wattle" token verify more --jwks all.jwks --any-aud
sed -E 's/\.[^.]+\./.'"$(printf '{"sub":"root","exp":4102444800}' | b64url)"'./' token >more
verdict "other claims under the signature" 1 signature more --any-aud

header() { { printf '%s' "$1" | b64url; printf .; cut -d. -f2- token; } | tr -d '\n'; echo; }
header '{"alg":"none"}' | sed -E 's/[^.]+$//' >more; verdict "alg none" 5 algorithm more --any-aud
header '{"alg":"HS256"}' >more; verdict "HS256" 5 algorithm more --any-aud
header '{"alg":"RS256"}' >more; verdict "RS256" 5 algorithm more --any-aud
header '{"alg":"ML-DSA-65","crit":["exp"]}' >more; verdict "crit" 5 unsupported more --any-aud
header '{"alg":"ML-DSA-65","kid":"unknown"}' >more; verdict "a kid that the set has not" 1 no-key more --any-aud
header "{\"alg\":\"ML-DSA-65\",\"kid\":\"$(jq -r '.keys[] | select(.alg == "ML-DSA-87").kid' all.jwks)\"}" >more
verdict "a key of another algorithm" 1 key-algorithm more --any-aud
header '{"alg":"ML-DSA-65","alg":"ML-DSA-65"}' >more; verdict "a member twice" 4 malformed more --any-aud
# An HMAC under the text of the public key: the classic confusion.
{ printf '{"alg":"HS256"}' | b64url; printf .; tr -d '\n' <claims | b64url; } >input
{ cat input; printf .; "$openssl" dgst -sha256 -binary -hmac "$(cat ECDSA-P256.pub)" input | b64url; } >more
verdict "an HMAC under a public key" 5 algorithm more --any-aud

printf '{"sub":"u7"}' >short
exits "without exp it is told" 0 "$wattle" token sign --key ML-DSA-44.key --claims short
says "in a notice" "never expires"
cp "$tmp/.out" never
verdict "and refused" 5 undated never
verdict "unless asked for" 0 good never --without-expiry
exits "--expires" 0 "$wattle" token sign --key ML-DSA-44.key --claims short --expires 15m --out dated
is "  nothing to notice" "$err" ''
is "  is for the owner alone" "$(stat -c %a dated)" 600
exits "  verifies" 0 "$wattle" token verify dated --jwks all.jwks --max-age 1h --json
is "  15 minutes" "$(jq '.claims.exp - .claims.iat' <<<"$out")" 900
exits "  not over another" 5 "$wattle" token sign --key ML-DSA-44.key --claims short --out dated
exits "--expires over exp" 2 "$wattle" token sign --key ML-DSA-44.key --claims claims --expires 1h
exits "--expires of no form" 2 "$wattle" token sign --key ML-DSA-44.key --claims short --expires 1y
exits "--expires 0" 0 "$wattle" token sign --key ML-DSA-44.key --claims short --expires 0 --out zero
verdict "is expired at once" 1 expired zero
for bad in '' '[]' '{"exp":"1"}' '{"a":1,"a":2}' '{"aud":7}' '{"exp":-1}' '{"exp":1e400}' 'x' '{"sub":"\u0000"}'; do
  printf '%s' "$bad" >bad
  exits "no claims: $bad" 4 "$wattle" token sign --key ML-DSA-44.key --claims bad
done
exits "a public key does not sign" 2 "$wattle" token sign --key ML-DSA-44.pub --claims claims
"$wattle" key generate --alg ML-KEM-768 --out kem >/dev/null
exits "nor one for encapsulation" 2 "$wattle" token sign --key kem.key --claims claims
says "which is said" "sign no tokens"
exits "and none of it in a set" 2 "$wattle" token jwks kem.pub
exits "no private key in a set" 2 "$wattle" token jwks ML-DSA-44.key
says "is named" "holds a private key"
exits "claims from standard input" 0 bash -c 'echo "{\"exp\":4102444800}" | "$0" token sign --key Ed25519.key --claims - --out piped' "$wattle"
says "and a classical key is told" "EdDSA is classical"
verdict "verifies" 0 good piped
printf 'open sesame\n' >pass
"$wattle" key generate --alg ML-DSA-44 --out enc --passphrase-file pass >/dev/null
exits "an encrypted key" 0 "$wattle" token sign --key enc.key --claims claims --passphrase-file pass

# kid: the option, else the JWK's own, else the thumbprint; one key in every form it has
kid_of() { cut -d. -f1 "$1" | tr '_-' '/+' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | base64 -d | jq -r .kid; }
"$wattle" key convert Ed25519.key --to jwk --kid mine --out mine.jwk >/dev/null
"$wattle" key convert mine.jwk --to jwk --public --kid mine --out mine.pub.jwk >/dev/null
"$wattle" token sign --key mine.jwk --claims claims >a 2>/dev/null
is "a JWK's own kid" "$(kid_of a)" mine
"$wattle" token sign --key mine.jwk --claims claims --kid other >a 2>/dev/null
is "--kid" "$(kid_of a)" other
"$wattle" token sign --key mine.jwk --claims claims --no-kid >a 2>/dev/null
is "--no-kid" "$(kid_of a)" null
is "in sets as well" "$("$wattle" token jwks mine.pub.jwk Ed25519.pub | jq -r '[.keys[].kid] | join(" ")')" \
  "mine $(jq -r '.keys[6].kid' all.jwks)"
exits "two keys, no kid" 1 bash -c '"$0" token jwks mine.pub.jwk Ed25519.pub | "$0" token verify a --jwks - --any-aud' "$wattle"
says "which is meant?" "2 EdDSA keys"
exits "one kid twice" 2 "$wattle" token jwks ML-DSA-44.pub ML-DSA-65.pub --kid a --kid a
says "is refused" "same kid"
exits "more kids than keys" 2 "$wattle" token jwks ML-DSA-44.pub --kid a --kid b
exits "--kid and --no-kid" 2 "$wattle" token sign --key ML-DSA-44.key --claims claims --kid a --no-kid

# sets of others
jq -c '.keys += [{"kty":"RSA","n":"AQAB","e":"AQAB"}]' all.jwks >rsa.jwks
exits "an RSA key beside ours is passed over" 0 "$wattle" token verify token --jwks rsa.jwks --any-aud
"$wattle" key convert ML-DSA-44.key --to jwk --out secret.jwk >/dev/null
jq -c --slurpfile k secret.jwk '.keys += $k' all.jwks >secret.jwks
exits "a set with a private key" 5 "$wattle" token verify token --jwks secret.jwks --any-aud
says "is burnt" "private or symmetric key"
printf '{"keys":[]}' >empty.jwks
exits "an empty set" 1 "$wattle" token verify token --jwks empty.jwks --any-aud
says "is noticed" "no key that tokens could be verified with"

# as a header: 8190 bytes are a field's limit, 8192 less 1024 that of the head
sized() { # BYTES: a token of exactly so many
  local n=0 pad=0 got
  while got=$(printf '{"exp":4102444800,"a":"%s"}' "$(head -c "$pad" /dev/zero | tr '\0' x)" | "$wattle" token sign --key ML-DSA-44.key --no-kid --claims - --json 2>/dev/null); do
    n=$(jq .bytes <<<"$got")
    [ "$n" -lt "$1" ] || break
    pad=$((pad + ($1 - n) * 3 / 4 + ($1 - n < 4)))
  done
  printf '%s' "$got"
}
small=$(sized 7146) large=$(sized 8167)
is "as large as a field of 7168 bytes" "$(jq .header_bytes <<<"$small")" 7168
is "  nobody refuses" "$(jq -c .refused_by <<<"$small")" '[]'
is "as large as a field of 8189 bytes" "$(jq .header_bytes <<<"$large")" 8189
is "  whoever counts the whole head does" "$(jq -r '.refused_by | join(",")' <<<"$large")" gRPC,Tomcat,Jetty
is "one more" "$(sized 8169 | jq -r '.refused_by | join(",")')" "Apache httpd,nginx,gunicorn,gRPC,Tomcat,Jetty"
head -c 40000 /dev/zero | tr '\0' x | sed 's/.*/{"exp":4102444800,"a":"&"}/' >huge
exits "a huge one" 0 "$wattle" token sign --key ML-DSA-44.key --claims huge --out huge.jwt
says "is told for nginx" "nginx takes 8190 by default: raise large_client_header_buffers"
says "and HAProxy" "HAProxy takes 15360 for all headers"
says "and Node" "Node.js takes 16384"
verdict "and verifies all the same" 0 good huge.jwt
head -c 60000 /dev/zero | tr '\0' x | sed 's/.*/{"exp":4102444800,"a":"&"}/' >huge
exits "beyond 64 KiB" 2 "$wattle" token sign --key ML-DSA-44.key --claims huge
finish
