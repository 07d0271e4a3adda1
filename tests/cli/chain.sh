#!/usr/bin/env bash
# Certificate chains: sign --cert, verify --ca. The certificates are made by openssl here.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq base64
[ -x "$openssl" ] || skip_all "no openssl command of the project's own"
cd "$tmp" || exit 1
make_model m

usage='keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n'
leaf="basicConstraints=critical,CA:FALSE\n$usage"
ca='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'
# issue NAME ALG ISSUER EXTENSIONS [FROM TO [SUBJECT]]: NAME.key, NAME.pem; self-signed when NAME is ISSUER
issue() {
  local days=(-days 30)
  [ -z "${5:-}" ] || days=(-not_before "$5" -not_after "$6")
  [ -e "$1.key" ] || case $2 in
    EC) "$openssl" genpkey -algorithm EC -pkeyopt group:P-256 -out "$1.key" ;;
    *) "$openssl" genpkey -algorithm "$2" -out "$1.key" ;;
  esac 2>/dev/null
  printf '%b' "$4" >ext
  local by=(-CA "$3.pem" -CAkey "$3.key")
  [ "$1" != "$3" ] || by=(-key "$1.key")
  { "$openssl" req -new -config /dev/null -subj "/CN=${7:-$1}" -key "$1.key" -out csr &&
    "$openssl" x509 -req -in csr "${by[@]}" "${days[@]}" -extfile ext -out "$1.pem"; } >log 2>&1 || { cat log; echo "Bail out! no certificate $1"; exit 1; }
}
past='20200101000000Z 20200201000000Z' future='21990101000000Z 21990201000000Z'
issue root ML-DSA-87 root "$ca"
issue int ML-DSA-65 root "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
issue good ML-DSA-65 int "${leaf}subjectAltName=email:release@example.org,DNS:models.example.org,URI:https://example.org/release\n"
cat good.pem int.pem >good.chain
verify() { "$wattle" verify m --ca root.pem "$@"; }

exits "sign with a chain" 0 "$wattle" sign m --key good.key --cert good.chain
is "the bundle carries it" "$(jq -r '.verificationMaterial | [keys[], (.x509CertificateChain.certificates | length)] | map(tostring) | join(" ")' m/model.sig)" "tlogEntries x509CertificateChain 2"
exits "verify by the root" 0 verify
like "names the certificate" "$out" 'certificate CN=good'
exits "in JSON too" 0 verify --json
is "  the subject" "$(jq -r '.signatures[0].subject' <<<"$out")" "CN=good"
for who in release@example.org models.example.org https://example.org/release good; do
  exits "identity $who" 0 verify --cert-identity "$who"
done
for who in example.org GOOD '*' ''; do
  exits "not identity '$who'" 5 verify --cert-identity "$who"
done
says "names those that there are" 'release@example.org, models.example.org'
"$openssl" x509 -in good.pem -noout -pubkey >good.pub
exits "verify by the leaf's key" 0 "$wattle" verify m --key good.pub
exits "key and authority, one signature" 0 verify --key good.pub
make_keys second=ECDSA-P256
"$wattle" sign m --key good.key --cert good.chain --key second.key --force >/dev/null
exits "key and authority, two signatures" 0 verify --key second.pub
mv m/model.sig aside
exits "the certified one stripped" 5 verify --key second.pub
says "  is missed" 'comes with a certificate'
mv aside m/model.sig && rm m/model.second.sig
exits "the other one stripped" 5 verify --key second.pub
issue other-root EC other-root "$ca"
exits "an unrelated root" 1 "$wattle" verify m --ca other-root.pem
says "  said so" 'no given key or authority'
exits "several roots are alternatives" 0 "$wattle" verify m --ca other-root.pem --ca root.pem
issue twin ML-DSA-87 twin "$ca" '' '' root; mv twin.pem impostor.pem
exits "a root of the same name" 1 "$wattle" verify m --ca impostor.pem
exits "an intermediate is no root" 4 "$wattle" verify m --ca int.pem
exits "a leaf is no root" 4 "$wattle" verify m --ca good.pem
exits "a file without certificate" 4 "$wattle" verify m --ca good.pub
exits "before its time" 5 verify --at 2001-01-01T00:00:00Z
says "  said so" 'not yet valid'
exits "after its time" 5 verify --at 2101-01-01T00:00:00Z
says "  said so" 'has expired'

# ---- what sign refuses
cat int.pem good.pem >reordered.chain; cat good.pem good.pem int.pem >twice.chain; cat good.pem root.pem >gap.chain; cat good.key good.chain >secret.chain
for i in 1 2 3 4 5 6 7 8 9; do cat good.pem; done >nine.chain
refused() { exits "sign: $1" "$2" "$wattle" sign m --key good.key --cert "$4" --out x.sig; says "  said" "$3"; }
refused "reordered" 4 'not issued by number 2' reordered.chain
refused "a certificate twice" 4 'the same' twice.chain
refused "a gap" 4 'not issued by number 2' gap.chain
refused "a private key among them" 4 'nothing but certificates' secret.chain
refused "nine certificates" 4 'more than 8' nine.chain
exits "sign: another key's chain" 2 "$wattle" sign m --key second.key --cert good.chain --out x.sig
exits "sign: no chain in an envelope" 2 "$wattle" sign m/config.json --format envelope --key good.key --cert good.chain
issue nousage ML-DSA-65 int 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=codeSigning\n'
cat nousage.pem int.pem >nousage.chain
exits "sign: a certificate that may not sign" 5 "$wattle" sign m --key nousage.key --cert nousage.chain --out x.sig
says "  said" 'digitalSignature'

# ---- what verify refuses: bundles with such chains, made past the signer's own checks
# bundle KEY CERT...: m/model.sig is good's form with KEY's signature and these certificates
bundle() {
  local key=$1 list=; shift
  "$wattle" sign m --key "$key" --force >/dev/null
  for c in "$@"; do list+="{\"rawBytes\":\"$("$openssl" x509 -in "$c" -outform DER | base64 -w0)\"},"; done
  printf '{"x509CertificateChain":{"certificates":[%s]},"tlogEntries":[]}' "${list%,}" >material
  jq -c --slurpfile v material '.verificationMaterial = $v[0]' m/model.sig >t && mv t m/model.sig
}
verifies() { local name=$1 code=$2 words=$3; shift 3; bundle "$@"; exits "$name" "$code" verify; [ -z "$words" ] || says "  said" "$words"; }
verifies "the root sent along" 0 '' good.key good.pem int.pem root.pem
verifies "reordered" 4 'not issued' good.key good.pem root.pem int.pem
verifies "leaf last" 4 'not issued' good.key int.pem good.pem
verifies "a certificate twice" 4 'the same' good.key good.pem good.pem int.pem
verifies "the intermediate missing" 1 'no given key or authority' good.key good.pem
verifies "somebody else's signature" 1 'signature is wrong' second.key good.pem int.pem
verifies "no usage at all" 5 'not accepted|digitalSignature' nousage.key nousage.pem int.pem
bad() { # NAME CODE WORDS EXTENSIONS [FROM TO]: a leaf of the intermediate
  rm -f bad.key; issue bad ML-DSA-44 int "$4" "${@:5}"; verifies "$1" "$2" "$3" bad.key bad.pem int.pem
}
bad "a leaf that is an authority" 5 '' "$ca"
bad "an authority with a signer's usage" 5 '' "basicConstraints=critical,CA:TRUE\n$usage"
bad "keyUsage of encryption" 5 '' 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\nextendedKeyUsage=codeSigning\n'
bad "a server's certificate" 5 '' 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n'
bad "code and server" 5 '' 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning,serverAuth\n'
bad "an unknown critical extension" 5 '' "${leaf}1.2.3.4=critical,DER:0500\n"
# shellcheck disable=SC2086
bad "expired" 5 'has expired' "$leaf" $past
# shellcheck disable=SC2086
bad "not yet valid" 5 'not yet valid' "$leaf" $future
issue lone ML-DSA-65 lone "$leaf"
verifies "a self-signed leaf" 1 '' lone.key lone.pem
issue int2 EC int "$ca"; issue deep EC int2 "$leaf"
verifies "a path longer than pathlen" 5 'path length' deep.key deep.pem int2.pem int.pem
issue nosign EC root 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n'; issue under EC nosign "$leaf"
verifies "an intermediate without keyCertSign" 5 'keyCertSign' under.key under.pem nosign.pem
issue plain EC root "$leaf"; issue below EC plain "$leaf"
verifies "an intermediate that is no authority" 5 '' below.key below.pem plain.pem
# shellcheck disable=SC2086
issue oldint EC root "$ca" $past; issue young EC oldint "$leaf"
verifies "an expired intermediate" 5 'has expired' young.key young.pem oldint.pem
before=root links=()
for i in 1 2 3 4 5 6; do issue "l$i" EC "$before" "$ca"; before=l$i; links=("l$i.pem" "${links[@]}"); done
issue far EC l6 "$leaf"
verifies "eight certificates" 0 '' far.key far.pem "${links[@]}" root.pem
issue l7 EC l6 "$ca"; issue farther EC l7 "$leaf"
verifies "eight without the root" 5 'too long' farther.key farther.pem l7.pem "${links[@]}"
verifies "nine certificates" 4 'from 1 to 8' farther.key farther.pem l7.pem "${links[@]}" root.pem
bundle good.key good.pem int.pem
jq -c '.verificationMaterial.x509CertificateChain.certificates |= (. + [range(998) as $i | .[1]])' m/model.sig >t && mv t m/model.sig
exits "1,000 certificates" 4 verify
issue forged ML-DSA-65 int "$leaf"
bundle forged.key forged.pem int.pem
jq -c --arg c "$("$openssl" x509 -in forged.pem -outform DER | head -c -1 | { cat; printf '\001'; } | base64 -w0)" '.verificationMaterial.x509CertificateChain.certificates[0].rawBytes = $c' m/model.sig >t && mv t m/model.sig
exits "a certificate that the issuer did not sign" 1 verify
says "  said" 'did not sign it'
for alg in SLH-DSA-SHA2-128f EC; do
  rm -f algo.key; issue algo "$alg" int "$leaf"; cat algo.pem int.pem >algo.chain
  exits "$alg: sign" 0 "$wattle" sign m --key algo.key --cert algo.chain --force
  exits "$alg: verify" 0 verify
done

# ---- an authority in a trust file
"$wattle" sign m --key good.key --cert good.chain --key second.key --force >/dev/null
trust() { printf '%b' "$1" >trust.ini; }
section='[release]\nca = root.pem\nidentity = release@example.org\n'
trust "${section}[require]\nall = release\n"
exits "ca and identity as a section" 0 "$wattle" verify m --trust trust.ini
like "  is named" "$out" '\[release\], certificate CN=good'
trust "[release]\nca = root.pem\nidentity = somebody@example.org\n[require]\nall = release\n"
exits "another identity" 5 "$wattle" verify m --trust trust.ini
says "  is said" "is not .somebody@example.org.'s"
trust "${section}algorithm = ML-DSA-87\n[require]\nall = release\n"
exits "another algorithm" 5 "$wattle" verify m --trust trust.ini
trust "${section}revoked-at = 2020-01-01T00:00:00Z\n[require]\nall = release\n"
exits "revoked" 5 "$wattle" verify m --trust trust.ini
trust "${section}[key]\npublic-key = good.pub\n[require]\nall = release, key\n"
exits "one signature does not count twice" 5 "$wattle" verify m --trust trust.ini
"$wattle" sign m --key good.key --force --out m/model.again.sig >/dev/null
trust "[key]\npublic-key = good.pub\n${section}[require]\nthreshold = 2: release, key\n"
exits "nor one key by two signatures" 5 "$wattle" verify m --trust trust.ini
trust "${section}[key]\npublic-key = good.pub\n[require]\nthreshold = 2: release, key\n"
exits "in neither order" 5 "$wattle" verify m --trust trust.ini
trust '[release]\nca = root.pem\n[require]\nall = release\n'
exits "an authority without identity" 4 "$wattle" verify m --trust trust.ini
trust '[release]\nca = int.pem\nidentity = good\n[require]\nall = release\n'
exits "an intermediate as authority" 4 "$wattle" verify m --trust trust.ini

# ---- the reference implementation's
if [ -d "$WATTLE_VECTORS/oms" ]; then
  v=$WATTLE_VECTORS/oms
  mkdir basic
  at='--at 2027-01-01T00:00:00Z'
  # shellcheck disable=SC2086
  exits "its certificate bundle without the files" 1 "$wattle" verify basic --ca "$v/keys/ca.pem" $at --cert-identity oms-test-signer --signature "$v/sigs/basic.cert.sig"
  says "  misses only those" 'config.json'
else
  skip "the public vectors oms are not beside the project"
fi
finish
