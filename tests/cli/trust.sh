#!/usr/bin/env bash
# verify --trust as a user calls it: who counts, what is missing, and files that are refused.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq
cd "$tmp" || exit 1
make_keys pq=ML-DSA-65 ec=ECDSA-P256 root=SLH-DSA-SHA2-128f other=ML-DSA-44 attacker=ML-DSA-65
make_model m
"$wattle" sign m --key pq.key --key ec.key --key root.key >/dev/null
make_model n
"$wattle" sign n --key pq.key --key ec.key --key root.key >/dev/null
mkdir keys && cp ./*.pub keys/

id() { "$wattle" key show "$1" --json | jq -r '.key_id // .id'; }
# trust REQUIRE [EXTRA LINES FOR pq]: trust.ini with four sections
trust() {
  printf '[pq]\npublic-key = keys/pq.pub\nalgorithm = ML-DSA-65\n%b\n[ec]\npublic-key = keys/ec.pub\n\n[root]\npublic-key = keys/root.pub\n\n[other]\npublic-key = keys/other.pub\n\n[require]\n%b\n' "${2:-}" "$1" >trust.ini
}
verify() { "$wattle" verify "$@" --trust trust.ini; }

# ---- the page's example
awk '/^```ini$/ {on = 1; next} /^```$/ {if (on) exit} on' "$WATTLE_SOURCE/docs/commands/wattle-verify.md" >trust.ini
is "the page's example has ten lines" "$(wc -l <trust.ini)" 10
mkdir -p ex && mv trust.ini ex/ && cp pq.pub ex/release.pub && cp root.pub ex/root.pub
cp -r m signed && rm signed/*.sig && cp pq.key release.key && "$wattle" sign signed --key release.key --key root.key >/dev/null
exits "and verifies" 0 "$wattle" verify signed --trust ex/trust.ini
rm signed/model.root.sig
exits "and sees a stripped signature" 5 "$wattle" verify signed --trust ex/trust.ini

# ---- who counts
trust 'all = pq, ec'
exits "all of two" 0 verify m
like "both are named" "$out" '\[pq\]'
exits "in JSON" 0 verify m --json
is "  the requirement" "$(jq -c '.trust | [.least, .required, .missing]' <<<"$out")" '[2,["pq","ec"],[]]'
is "  the makers" "$(jq -r '[.signatures[].section] | sort | join(" ")' <<<"$out")" "ec pq root"
is "  post_quantum" "$(jq -r .post_quantum <<<"$out")" true
trust 'all = pq, other'
exits "one that never signed" 5 verify m --json
is "  is named as missing" "$(jq -r '.trust.missing[0].section' <<<"$out")" other
says "  in the sentence too" '\[other\] has not signed'
trust 'threshold = 2: pq, ec, other'
exits "two of three" 0 verify m
like "  who is missing is said" "$out" 'not counted: \[other\]'
trust 'threshold = 3: pq, ec, other'
exits "three of three" 5 verify m
says "  says how many" '2 of 3 required'

# ---- stripping and swapping
trust 'all = pq, ec'
try() { # NAME CODE REGEX COMMANDS
  rm -rf c && cp -a m c && (cd c && eval "$4")
  exits "$1" "$2" verify c
  [ -z "$3" ] || says "  said" "$3"
}
try "the first signature stripped" 5 '\[pq\] has not signed' 'rm model.sig'
try "the second signature stripped" 5 '\[ec\] has not signed' 'rm model.ec.sig'
try "all signatures stripped" 5 'no signature' 'rm ./*.sig'
try "a signature of another model" 5 'different statements' 'cp ../n/model.sig .'
try "all signatures of another model" 1 'weights.bin' 'cp ../n/*.sig .'
try "a changed hint" 0 '' 'jq -c ".verificationMaterial.publicKey.hint = \"00\"" model.sig >t; mv t model.sig'
try "the other key's hint" 0 '' 'jq -c --arg h "$(jq -r .verificationMaterial.publicKey.hint model.ec.sig)" ".verificationMaterial.publicKey.hint = \$h" model.sig >t; mv t model.sig'
try "a third key's signature under its hint" 5 '\[pq\] has not signed' 'jq -c --slurpfile a model.root.sig ".dsseEnvelope.signatures = \$a[0].dsseEnvelope.signatures" model.sig >t; mv t model.sig'
try "a changed signature" 1 'signature is wrong' 'jq -c ".dsseEnvelope.signatures[0].sig |= (.[0:8] + (if .[8:9]==\"A\" then \"B\" else \"A\" end) + .[9:])" model.sig >t; mv t model.sig'
try "a changed file" 1 'changed: weights.bin' 'flip weights.bin 5'
try "a broken bundle" 4 'model.sig' 'truncate -s 50 model.sig'
rm -rf c && cp -a m c && "$wattle" sign c --key attacker.key --out c/model.attacker.sig >/dev/null
exits "an attacker's signature beside ours" 0 verify c
cp c/model.attacker.sig c/model.sig
exits "an attacker's signature instead of one of ours" 5 verify c
rm c/*.sig && "$wattle" sign c --key attacker.key >/dev/null
exits "an attacker's signature alone" 5 verify c
says "  is nobody's" 'no signer of the trust file made this signature'
rm c/model.sig && "$wattle" sign c --key ec.key >/dev/null
exits "downgraded to ECDSA alone" 5 verify c
says "  the post-quantum one is missed" '\[pq\] has not signed'

# ---- dates
trust 'all = pq, ec' 'not-after = 2020-01-01T00:00:00Z'
exits "expired" 5 verify m
says "  said so" 'expired at 2020-01-01T00:00:00Z'
exits "but not in 2019" 0 verify m --at 2019-12-31T23:59:59Z
says "  with a notice" 'judged as of 2019-12-31T23:59:59Z'
exits "to the second" 5 verify m --at 2020-01-01T00:00:01Z
trust 'all = pq, ec' 'not-before = 2199-01-01T00:00:00Z'
exits "not yet valid" 5 verify m
says "  said so" 'not valid before 2199'
trust 'all = pq, ec' 'revoked-at = 2020-01-01T00:00:00Z'
exits "revoked" 5 verify m --json
is "  is the reason" "$(jq -r '.trust.missing[0].text' <<<"$out" | grep -c 'was revoked at 2020')" 1
trust 'threshold = 2: pq, ec, root' 'revoked-at = 2020-01-01T00:00:00Z'
exits "a revoked one of three is not needed" 0 verify m
trust 'all = pq' 'model-names = x*, m?'
exits "not this model" 5 verify m
says "  said so" 'does not sign for the name "m"'
trust 'all = pq' 'model-names = x*, ?'
exits "this model" 0 verify m
trust 'all = pq' 'predicate-types = https://example.org/other/v1'
exits "not this type" 5 verify m
says "  said so" 'does not sign statements of the type'
exits "--at that is no time" 2 verify m --at yesterday

# ---- keys by their hash
printf '[pq]\nspki-sha256 = %s\n[require]\nall = pq\n' "$(id pq.pub)" >trust.ini
exits "a key known by its hash alone" 5 verify m
exits "brought by --key" 0 verify m --key pq.pub
exits "a given key that is in no section" 2 verify m --key ec.pub
rm -rf c && cp -a m c
jq -c --arg k "$(base64 -w0 <pq.pub)" '.verificationMaterial.publicKey = {rawBytes: $k, keyDetails: "x"}' m/model.sig >c/model.sig
exits "brought by the bundle" 0 verify c
jq -c --arg k "$(base64 -w0 <attacker.pub)" '.verificationMaterial.publicKey = {rawBytes: $k, keyDetails: "x"}' m/model.sig >c/model.sig
exits "another key brought by the bundle" 5 verify c
printf '[pq]\nspki-sha256 = %s\npublic-key = keys/pq.pub\n[require]\nall = pq\n' "$(id ec.pub)" >trust.ini
exits "hash and key that disagree" 4 verify m
printf '[pq]\nspki-sha256 = %s\npublic-key = keys/pq.pub\n[require]\nall = pq\n' "$(id pq.pub)" >trust.ini
exits "hash and key that agree" 0 verify m

# ---- files that are refused
bad() { # NAME REGEX TEXT [CODE]
  printf '%b' "$3" >trust.ini
  exits "$1" "${4:-4}" verify m
  says "  said" "$2"
}
k='[pq]\npublic-key = keys/pq.pub\n'
bad "an empty file" 'require' ''
bad "no [require]" '\[require\] is missing' "$k"
bad "an unknown name" 'line 4: .*"nobody"' "$k[require]\nall = nobody\n"
bad "a duplicate section" 'line 3: .*\[pq\] is there already, in line 1' "$k[pq]\nalgorithm = ML-DSA-65\n[require]\nall = pq\n"
bad "one key in two sections" 'same signer' "${k}[again]\npublic-key = ./keys/pq.pub\n[require]\nthreshold = 2: pq, again\n"
bad "threshold 0" 'line 4' "$k[require]\nthreshold = 0: pq\n"
bad "a threshold over the number" 'line 4: the threshold 2' "$k[require]\nthreshold = 2: pq\n"
bad "a key file that is not there" 'gone.pub' '[pq]\npublic-key = gone.pub\n[require]\nall = pq\n' 3
cp pq.key keys/pq.key
bad "a private key" 'private key' '[pq]\npublic-key = keys/pq.key\n[require]\nall = pq\n'
bad "another algorithm" 'ML-DSA-65, not ML-DSA-87' "${k}algorithm = ML-DSA-87\n[require]\nall = pq\n"
exits "a trust file that is not there" 3 "$wattle" verify m --trust none.ini
trust 'all = pq'
exits "--trust with --ca" 2 verify m --ca x.pem
exits "nobody named" 2 "$wattle" verify m
says "  says what to do" '--key, a trust file with --trust'
exits "an identity without authority" 2 "$wattle" verify m --key pq.pub --cert-identity x
finish
