#!/usr/bin/env bash
# Signatures over shards, many files in little memory, and --assume-unchanged, as a user calls them.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq xxd
cd "$tmp" || exit 1
make_keys signer=ML-DSA-65 other=ML-DSA-65 ed=Ed25519
make_model m
head -c 2500 /dev/urandom >m/short.bin

# ---- signing
exits "sign in shards" 0 "$wattle" sign m --key signer.key --key ed.key --shard-size 1000 --json
is "JSON says so" "$(jq -r '"\(.method) \(.shard_size) \(.files) \(.shards) \(.empty_files) \(.bytes)"' <<<"$out")" "shards 1000 5 106 1 102522"
says "the empty file is noticed" "1 empty file is not covered"
exits "verify" 0 "$wattle" verify m --key signer.pub --key ed.pub --json
is "JSON says so too" "$(jq -r '"\(.verified) \(.method) \(.shard_size) \(.files) \(.empty_files)"' <<<"$out")" "true shards 1000 5 1"
says "the empty file is noticed again" "1 empty file is not covered"
payload() { jq -r .dsseEnvelope.payload "$1" | base64 -d; }
is "what the statement says" "$(payload m/model.sig | jq -c '[.predicate.serialization.method, .predicate.serialization.shard_size, [.predicate.resources[] | select(.name | startswith("short"))][0:3][].name, .predicate.resources[0].algorithm]')" \
  '["shards",1000,"short.bin:0:1000","short.bin:1000:2000","short.bin:2000:2500","sha256-sharded-1000"]'
shard() { tail -c +$(($2 + 1)) "$1" | head -c $(($3 - $2)) | sha256sum | cut -d' ' -f1; }
is "the digest of a shard" "$(payload m/model.sig | jq -r '.predicate.resources[] | select(.name == "short.bin:2000:2500").digest')" "$(shard m/short.bin 2000 2500)"

# ---- damage
try() { # NAME CODE REGEX COMMANDS
  rm -rf c && cp -a m c && (cd c && eval "$4")
  exits "$1" "$2" "$wattle" verify c --key signer.pub
  [ -z "$3" ] || says "  said" "$3"
}
swap() { # FILE: its first and second thousand bytes
  { head -c 2000 "$1" | tail -c 1000; head -c 1000 "$1"; tail -c +2001 "$1"; } >t; cat t >"$1"; rm t
}
try "a changed byte" 1 "changed: weights.bin" 'flip weights.bin 50500'
try "a changed last byte" 1 "changed: short.bin" 'flip short.bin 2499'
try "a file cut within a shard" 1 "changed: short.bin" 'truncate -s -1 short.bin'
try "a file cut at a shard" 1 "changed: short.bin" 'truncate -s 2000 short.bin'
try "a file grown" 1 "changed: short.bin" 'echo >>short.bin'
try "a file grown by a shard" 1 "changed: weights.bin" 'head -c 1000 /dev/zero >>weights.bin'
try "swapped shards" 1 "changed: weights.bin" 'swap weights.bin'
try "a file emptied" 1 "changed: config.json" ': >config.json'
try "a missing file" 1 "missing: config.json" 'rm config.json'
try "an extra file" 1 "extra: new" 'echo >new'
try "an extra empty file is let pass" 0 "2 empty files are not covered" ': >new'
try "an empty file that is gone too" 0 "" 'rm empty.bin'
try "but not one that was filled" 1 "extra: empty.bin" 'echo >empty.bin'
try "a link" 5 "link" 'ln -s weights.bin l'

# ---- statements that others could sign: edited, and signed anew with openssl
forge() { # JQ-EXPRESSION
  payload m/model.ed.sig | jq -c "$1" >st
  jq -c --arg r "$(jq -r '[.predicate.resources[].digest] | join("")' st | xxd -r -p | sha256sum | cut -d' ' -f1)" \
    '.subject[0].digest.sha256 = $r' st | tr -d '\n' >payload
  { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(stat -c %s payload)"; cat payload; } >pae
  "$openssl" pkeyutl -sign -inkey ed.key -rawin -in pae -out sig 2>/dev/null
  jq -c --rawfile p <(base64 -w0 payload) --rawfile s <(base64 -w0 sig) \
    '.dsseEnvelope.payload = $p | .dsseEnvelope.signatures[0].sig = $s' m/model.ed.sig >forged.sig
}
forged() { # NAME CODE REGEX JQ-EXPRESSION
  forge "$4"
  exits "$1" "$2" "$wattle" verify m --key ed.pub --signature forged.sig
  [ -z "$3" ] || says "  said" "$3"
}
r=.predicate.resources
forged "the same, signed by openssl" 0 "" .
forged "the list in another order" 0 "" "$r |= reverse"
forged "the last shard stripped" 1 "changed: short.bin" "$r |= map(select(.name != \"short.bin:2000:2500\"))"
forged "a middle shard stripped" 4 "short.bin" "$r |= map(select(.name != \"short.bin:1000:2000\"))"
forged "the first shard stripped" 4 "short.bin" "$r |= map(select(.name != \"short.bin:0:1000\"))"
forged "a shard twice" 4 "short.bin" "$r += [$r[] | select(.name == \"short.bin:0:1000\")]"
one=$(shard m/weights.bin 0 1000) two=$(shard m/weights.bin 1000 2000)
forged "digests of two shards swapped" 1 "changed: weights.bin" "$r |= map(if .digest == \"$one\" then .digest = \"$two\" elif .digest == \"$two\" then .digest = \"$one\" else . end)"
forged "another shard size" 4 "algorithm" ".predicate.serialization.shard_size = 500"
forged "another shard size throughout" 4 "do not cover" ".predicate.serialization.shard_size = 500 | $r[].algorithm = \"sha256-sharded-500\""
forged "a larger shard size throughout" 4 "do not cover" ".predicate.serialization.shard_size = 2000 | $r[].algorithm = \"sha256-sharded-2000\""
forged "no shard size" 4 "shard_size" "del(.predicate.serialization.shard_size)"
empty="{name: \"empty.bin:0:0\", algorithm: \"sha256-sharded-1000\", digest: \"$(printf '' | sha256sum | cut -d' ' -f1)\"}"
forged "an empty file that is listed" 0 "" "$r += [$empty]"
is "is covered" "$(grep -c 'not covered' <<<"$err")" 0
forged "listed as empty and is not" 1 "changed: config.json" "$r |= map(select(.name | startswith(\"config.json\") | not)) + [$empty | .name = \"config.json:0:0\"]"
forged "listed as empty and is missing" 1 "missing: none" "$r += [$empty | .name = \"none:0:0\"]"
forged "a file named as with the method files" 4 "PATH:START:END" "$r[0].name = \"config.json\""
payload m/model.ed.sig | sed 's/"shard_size":1000,/"shard_size":1000.0,/' >payload
{ printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(stat -c %s payload)"; cat payload; } >pae
"$openssl" pkeyutl -sign -inkey ed.key -rawin -in pae -out sig 2>/dev/null
jq -c --rawfile p <(base64 -w0 payload) --rawfile s <(base64 -w0 sig) '.dsseEnvelope.payload = $p | .dsseEnvelope.signatures[0].sig = $s' m/model.ed.sig >forged.sig
exits "1000.0 as the reference writes it" 0 "$wattle" verify m --key ed.pub --signature forged.sig

# ---- sizes
mkdir t; head -c 300 /dev/urandom >t/f
size() { "$wattle" sign t --key signer.key --force --shard-size "$1" --json; }
for s in 0 -1 1.5 '' x 1Q K 1KK 9223372036854775808 18446744073709551617 8796093022208M 99999999999999999999; do
  exits "--shard-size '$s' is refused" 2 size "$s"
  says "  with what is right" "--shard-size (takes a number|needs)|no option"
done
for s in 1:300 299:2 300:1 301:1 1K:1 1M:1 1G:1 9223372036854775807:1 8589934591G:1; do
  exits "--shard-size ${s%:*}" 0 size "${s%:*}"
  is "  makes" "$(jq .shards <<<"$out")" "${s#*:}"
  exits "  and verifies" 0 "$wattle" verify t --key signer.pub
done
exits "an envelope has no shards" 2 "$wattle" sign t/f --format envelope --key signer.key --out t.sig.json --shard-size 10
says "and says so" "belongs to --format bundle"
mkdir big; truncate -s 3000000 big/f
exits "too many shards are refused" 2 "$wattle" sign big --key signer.key --shard-size 1
says "with what to do" "choose larger ones with --shard-size"
is "before anything is written" "$(ls big)" f
mkdir hollow; : >hollow/a; : >hollow/b
exits "only empty files" 5 "$wattle" sign hollow --key signer.key --shard-size 10
says "hold no byte to sign" "no byte"
exits "and do without shards" 0 "$wattle" sign hollow --key signer.key
mkdir colon; head -c 30 /dev/urandom >'colon/a:0:10'
exits "a colon in a name" 0 "$wattle" sign colon --key signer.key --shard-size 10
exits "is verified" 0 "$wattle" verify colon --key signer.pub
cp m/weights.bin one.bin
exits "a single file" 0 "$wattle" sign one.bin --key signer.key --shard-size 30000 --hash blake2b
is "is named ." "$(payload one.bin.sig | jq -r '.predicate.resources[3] | .name + " " + .algorithm')" ".:90000:100000 blake2b-sharded-30000"
exits "is verified" 0 "$wattle" verify one.bin --key signer.pub
flip one.bin 99999
exits "changed, it is not" 1 "$wattle" verify one.bin --key signer.pub
mkdir sparse; truncate -s 100M sparse/f
exits "a sparse file" 0 "$wattle" sign sparse --key signer.key --shard-size 16M
is "has the digest of its zeros" "$(payload sparse/model.sig | jq -r '.predicate.resources[1].digest')" "$(head -c 16777216 /dev/zero | sha256sum | cut -d' ' -f1)"

# ---- threads
for n in 1 2 7 64; do
  exits "--threads $n" 0 "$wattle" sign m --key signer.key --force --shard-size 1000 --threads $n --json
  is "  makes the same statement" "$(jq -r .root <<<"$out")" "$(payload m/model.ed.sig | jq -r '.subject[0].digest.sha256')"
  exits "  and verifies it" 0 "$wattle" verify m --key signer.pub --signature m/model.sig --threads $n
done
exits "--threads 0 is refused" 2 "$wattle" sign m --key signer.key --force --threads 0
exits "--threads x is refused" 2 "$wattle" verify m --key signer.pub --threads x

# ---- --assume-unchanged
make_model a
sleep 2.2
exits "an earlier signature" 0 "$wattle" sign a --key signer.key
again() { "$wattle" sign a --key signer.key --force --assume-unchanged a/model.sig --json "$@"; }
exits "nothing changed" 0 again --out a/model.2.sig
is "nothing is read" "$(jq -r '"\(.files) \(.bytes) \(.assumed_files) \(.assumed_bytes)"' <<<"$out")" "5 0 5 100022"
says "and that is said" "5 files, .*assumed unchanged since a/model.sig: signed without being read"
exits "it verifies" 0 "$wattle" verify a --key signer.pub --signature a/model.2.sig
is "as the same statement but for its own name" "$(payload a/model.2.sig | jq -c .predicate.resources)" "$(payload a/model.sig | jq -c .predicate.resources)"
printf '{"layers": 3}\n' >a/config.json
touch -r a/weights.bin a/config.json
echo new >a/new
exits "a change that hides its time, and a new file" 0 again --out a/model.3.sig
is "are read" "$(jq -r '"\(.bytes) \(.assumed_files)"' <<<"$out")" "18 4"
exits "and verify" 0 "$wattle" verify a --key signer.pub --signature a/model.3.sig
exits "another key's signature" 1 "$wattle" sign a --key other.key --force --assume-unchanged a/model.sig --out x.sig
says "is no base" "none of the signing keys made"
exits "another hash" 5 again --hash blake2b --out x.sig
exits "another method" 5 again --shard-size 1000 --out x.sig
says "says which" "sha256 by files"
exits "a signature that is not there" 3 "$wattle" sign a --key signer.key --assume-unchanged a/none.sig --out x.sig
jq -c '.dsseEnvelope.payload |= (.[0:400] + (if .[400:401] == "A" then "B" else "A" end) + .[401:])' a/model.sig >bad.sig
exits "a changed signature" 1 "$wattle" sign a --key signer.key --assume-unchanged bad.sig --out x.sig
head -c 1000 a/model.sig >bad.sig
exits "a broken signature" 4 "$wattle" sign a --key signer.key --assume-unchanged bad.sig --out x.sig
is "none of these wrote anything" "$(ls x.sig 2>/dev/null)" ""
exits "shards" 0 "$wattle" sign a --key signer.key --shard-size 1000 --out s1.sig
touch -d '+9 seconds' s1.sig
exits "from shards" 0 "$wattle" sign a --key signer.key --shard-size 1000 --assume-unchanged s1.sig --out s2.sig --json
is "all of them" "$(jq -r '"\(.files) \(.assumed_files) \(.shards) \(.bytes)"' <<<"$out")" "5 5 104 0"
exits "verify" 0 "$wattle" verify a --key signer.pub --signature s2.sig
truncate -s -5 a/weights.bin; touch -d '-1 hour' a/weights.bin; touch -d '+99 seconds' s1.sig
exits "a size that shards tell" 0 "$wattle" sign a --key signer.key --shard-size 1000 --assume-unchanged s1.sig --out s3.sig --json
is "is seen" "$(jq -r '"\(.assumed_files) \(.bytes)"' <<<"$out")" "4 99995"
flip a/weights.bin 7; touch -d '+99 seconds' s3.sig
exits "a change before the earlier signature's time" 0 "$wattle" sign a --key signer.key --shard-size 1000 --assume-unchanged s3.sig --out s4.sig
exits "is not seen, as the page says" 1 "$wattle" verify a --key signer.pub --signature s4.sig
exits "a larger model" 0 "$wattle" sign sparse --key signer.key --force
ok "a signature's time is when its run began" awk -v m="$(stat -c %.9Y sparse/model.sig)" -v c="$(stat -c %.9Z sparse/model.sig)" 'BEGIN { exit !(c - m > 0.005) }'

# ---- many files in little memory
if nm -D "$wattle" 2>/dev/null | grep -qE '__(asan|tsan|msan)_init'; then
  skip "a limit on memory means nothing under a sanitizer"
else
  mkdir many; (cd many && for d in 0 1 2 3 4 5 6 7 8 9; do mkdir "layer-$d" && seq 10000 | split -l 1 -d -a 5 - "layer-$d/tensor-of-a-model-"; done)
  limited() { (ulimit -d 65536; exec "$wattle" "$@"); }
  exits "100,000 files are signed in 64 MiB" 0 limited sign many --key signer.key --key ed.key --threads 2 --json
  is "all of them" "$(jq .files <<<"$out")" 100000
  exits "and verified" 0 limited verify many --key signer.pub --threads 2
  touch -d '+9 seconds' many/model.sig
  exits "and signed again by what was signed" 0 limited sign many --key signer.key --force --threads 2 --assume-unchanged many/model.sig --json
  is "without reading" "$(jq -r '"\(.assumed_files) \(.bytes)"' <<<"$out")" "100000 0"
  exits "in shards too" 0 limited sign many --key signer.key --force --threads 2 --shard-size 1M
  rm many/model.ed.sig
  exits "and verified" 0 limited verify many --key signer.pub --threads 2
  flip many/layer-7/tensor-of-a-model-07777 1; rm many/layer-3/tensor-of-a-model-00003
  exits "changes are found" 1 limited verify many --key signer.pub --threads 2
  says "the one" "changed: layer-7/tensor-of-a-model-07777"
  says "and the other" "missing: layer-3/tensor-of-a-model-00003"
  truncate -s 2G many/layer-0/huge
  exits "and a large file among them" 0 limited sign many --key signer.key --force --threads 4
fi
finish
