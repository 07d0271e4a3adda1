#!/usr/bin/env bash
# sign --format envelope, and verify of what it wrote, as a user calls them.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq
cd "$tmp" || exit 1
make_keys signer=ML-DSA-65 root=SLH-DSA-SHA2-128f ec=ECDSA-P256 ed=Ed25519 other=ML-DSA-65 next=ML-DSA-87 box=ML-KEM-768
head -c 50000 /dev/urandom >w.gguf
day() { date -u -d "$1" +%Y-%m-%d; }

exits "sign" 0 "$wattle" sign w.gguf --format envelope --key signer.key --json
is "JSON says what" "$(jq -r '"\(.model) \(.format) \(.files) \(.bytes) \(.digest) \(.rotate_by) \(.next_key)"' <<<"$out")" \
  "w.gguf envelope 1 50000 sha256:$(sha256sum w.gguf | cut -d' ' -f1) null null"
is "and by whom" "$(jq -r '.signatures[] | "\(.path) \(.algorithm)"' <<<"$out")" "w.gguf.sig.json ML-DSA-65"
is "the file names the key likewise" "$(jq -r '.signatures[0].public_key_hash' <<<"$out")" "$(jq -r .public_key_hash w.gguf.sig.json)"
is "its fields" "$(jq -r 'keys_unsorted | join(" ")' w.gguf.sig.json)" \
  "version algorithm public_key_hash payload_type digest size signed_at signature"
exits "verify finds it" 0 "$wattle" verify w.gguf --key signer.pub
like "and says what it says" "$out" 'ML-DSA-65 .*w.gguf.sig.json, signed by signer.pub, application/octet-stream, says 20'
is "without a notice" "$err" ""
exits "verify --json" 0 "$wattle" verify w.gguf --key signer.pub --json
is "its fields" "$(jq -r '"\(.verified) \(.post_quantum) \(.files) \(.bytes) \(.signatures[0] | "\(.format) \(.key) \(.payload_type) \(.rotation | length)")"' <<<"$out")" \
  "true true 1 50000 envelope signer.pub application/octet-stream 0"

exits "another key" 1 "$wattle" verify w.gguf --key other.pub
says "is told whose it is" "$(jq -r .public_key_hash w.gguf.sig.json)"
exits "a key that has not signed too" 5 "$wattle" verify w.gguf --key signer.pub --key root.pub
exits "signing again does not overwrite" 5 "$wattle" sign w.gguf --format envelope --key signer.key
says "and says how" "--force"
exits "with --force it does, with two keys" 0 "$wattle" sign w.gguf --format envelope --key signer.key --key root.key --force
is "their files" "$(ls w.gguf.* | tr '\n' ' ')" "w.gguf.root.sig.json w.gguf.sig.json "
exits "both verify" 0 "$wattle" verify w.gguf --key signer.pub --key root.pub
exits "bundles beside them" 0 "$wattle" sign w.gguf --key ec.key
exits "count together" 0 "$wattle" verify w.gguf --key signer.pub --key root.pub --key ec.pub --json
is "each in its format" "$(jq -r '[.signatures[].format] | join(" ")' <<<"$out")" "envelope envelope bundle"
exits "the bundle alone" 0 "$wattle" verify w.gguf --key ec.pub
says "is classical" "only classical"
rm w.gguf.root.sig.json
exits "a stripped envelope" 5 "$wattle" verify w.gguf --key signer.pub --key root.pub
mv w.gguf.sig elsewhere
exits "named signature files of both formats" 0 "$wattle" verify w.gguf --key signer.pub --key ec.pub --signature elsewhere --signature w.gguf.sig.json
exits "--out elsewhere" 0 "$wattle" sign w.gguf --format envelope --key ed.key --key ec.key --out o.sig.json
is "the second name" "$(ls o.*)" "o.ec.sig.json
o.sig.json"
exits "a copied file" 0 cp w.gguf copy.gguf
exits "its signature named" 0 "$wattle" verify copy.gguf --key ed.pub --signature o.sig.json

try() { # NAME CODE REGEX COMMANDS
  rm -rf c && mkdir c && cp w.gguf w.gguf.sig.json c && (cd c && eval "$4")
  exits "$1" "$2" "$wattle" verify c/w.gguf --key signer.pub
  [ -z "$3" ] || says "  said" "$3"
}
edit() { jq "$1" w.gguf.sig.json >t && mv t w.gguf.sig.json; }
try "a changed byte" 1 "digest" 'flip w.gguf 500'
try "a truncated file" 1 "size" 'truncate -s -1 w.gguf'
try "a changed time" 1 "wrong" 'edit ".signed_at = \"2026-01-01T00:00:00Z\""'
try "a changed type" 1 "wrong" 'edit ".payload_type = \"text/plain\""'
try "an added hint" 1 "wrong" 'edit ".key_rotation_hint = {rotate_by: \"2031-01-01T00:00:00Z\"}"'
try "another algorithm" 1 "ECDSA-P256" 'edit ".algorithm = \"ECDSA-P256\""'
try "an algorithm that nobody knows" 5 "ROT13" 'edit ".algorithm = \"ROT13\""'
try "another version" 5 "wattle-envelope-v9" 'edit ".version = \"wattle-envelope-v9\""'
try "an unknown field" 4 "comment" 'edit ".comment = \"hi\""'
try "a missing field" 4 "digest" 'edit "del(.digest)"'
try "a field twice" 4 "duplicate" 'sed -i "s/{/{\"size\": 50000,/" w.gguf.sig.json'
try "text that is no JSON" 4 "envelope" 'truncate -s 300 w.gguf.sig.json'
try "an empty file" 4 "envelope" ': >w.gguf.sig.json'
try "other white space and order" 0 "" 'jq -cS . w.gguf.sig.json >t; mv t w.gguf.sig.json'
try "control characters in a field" 4 'media type' 'edit ".payload_type = \"a/\\u001b[31m\""'
is "stay off the terminal" "$(tr -d '\n[:print:]' <<<"$err" | wc -c)" 0

exits "rotation far away" 0 "$wattle" sign w.gguf --format envelope --key signer.key --force --rotate-by "$(day '+40 days')"
exits "verifies" 0 "$wattle" verify w.gguf --key signer.pub
is "without a notice" "$err" ""
exits "rotation near" 0 "$wattle" sign w.gguf --format envelope --key signer.key --force --rotate-by "$(day '+20 days')T12:00:00Z"
exits "verifies" 0 "$wattle" verify w.gguf --key signer.pub --json
says "with a notice" "is to be replaced by $(day '+20 days')T12:00:00Z"
is "and JSON" "$(jq -rc '.signatures[0] | "\(.rotate_by) \(.rotation)"' <<<"$out")" "$(day '+20 days')T12:00:00Z [\"soon\"]"
exits "a successor" 0 "$wattle" sign w.gguf --format envelope --key signer.key --force --next-key next.pub
exits "verifies" 0 "$wattle" verify w.gguf --key signer.pub --json
says "with a notice" "names the key that follows it, sha3-256:"
is "and JSON" "$(jq -rc '.signatures[0].rotation' <<<"$out")" '["successor"]'
exits "the successor signs too" 0 "$wattle" sign w.gguf --format envelope --key next.key --out w.gguf.next.sig.json
exits "verifies with both" 0 "$wattle" verify w.gguf --key signer.pub --key next.pub
is "without a notice" "$err" ""
e=$WATTLE_SOURCE/tests/golden/envelope-v1
cp "$e/note.txt" "$e/note.txt.ml65.sig.json" "$e/ml65.pub" .
exits "a golden one" 0 "$wattle" verify note.txt --key ml65.pub
says "names its successor" "sha3-256:e3889931"

printf '[a]\npublic-key = signer.pub\n[require]\nall = a\n' >trust.ini
exits "an envelope named beside a trust file" 2 "$wattle" verify w.gguf --trust trust.ini --signature w.gguf.sig.json
says "is refused" "envelopes are judged by --key alone"
exits "one that only lies there does not count" 5 "$wattle" verify w.gguf --trust trust.ini
exits "a wrong format" 2 "$wattle" sign w.gguf --format jws --key signer.key
exits "options of the other format" 2 "$wattle" sign w.gguf --key signer.key --payload-type a/b
says "named" "--payload-type belongs to --format envelope"
exits "and the other way round" 2 "$wattle" sign w.gguf --format envelope --key signer.key --shard-size 1M
says "named" "--shard-size belongs to --format bundle"
exits "no media type" 2 "$wattle" sign w.gguf --format envelope --key signer.key --payload-type gguf
exits "a date that is none" 2 "$wattle" sign w.gguf --format envelope --key signer.key --rotate-by 2026-02-30
exits "a date that has passed" 2 "$wattle" sign w.gguf --format envelope --key signer.key --rotate-by 2020-01-01
exits "a private next key" 2 "$wattle" sign w.gguf --format envelope --key signer.key --next-key next.key
exits "a next key for two" 2 "$wattle" sign w.gguf --format envelope --key signer.key --key ec.key --next-key next.pub
exits "a next key that cannot sign" 2 "$wattle" sign w.gguf --format envelope --key signer.key --next-key box.pub
exits "a hash for a CNSA signer" 0 "$wattle" sign w.gguf --format envelope --key next.key --hash sha384 --out cnsa.sig.json
is "is named" "$(jq -r .digest cnsa.sig.json)" "sha384:$(sha384sum w.gguf | cut -d' ' -f1)"
exits "verifies" 0 "$wattle" verify w.gguf --key next.pub --signature cnsa.sig.json
exits "which bundles do not have" 2 "$wattle" sign w.gguf --key next.key --hash sha384 --out x.sig
mkdir d; cp w.gguf d
exits "a directory" 5 "$wattle" sign d --format envelope --key signer.key
says "is for bundles" "the format bundle signs directories"
exits "verifying one by an envelope" 5 "$wattle" verify d --key signer.pub --signature w.gguf.sig.json
exits "a file that is not there" 3 "$wattle" sign none --format envelope --key signer.key
exits "an envelope that is not there" 3 "$wattle" verify w.gguf --key signer.pub --signature none.sig.json
finish
