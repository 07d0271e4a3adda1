# A reader of containers that was written from docs/formats/wtl.md alone opens ours: the golden ones and fresh ones.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/../lib/noble.sh"
requires_command jq sha256sum
golden=$WATTLE_SOURCE/tests/golden/wtl-v1
noble_ready wtl-open.mjs
reader() { "$node" "$work/wtl-open.mjs" "$@"; }
sum() { sha256sum <"$1" | cut -d' ' -f1; }

head -c 20000 < <(for i in $(seq 80); do printf '%b' "$(printf '\\x%02x' $(seq 0 255))"; done) >"$tmp/weights.bin"
weights=$(sum "$tmp/weights.bin")
alice=$golden/alice.key
exits "golden: a signed tree" 0 reader "$golden/signed-tree.wtl" --identity "$alice" --sender "$golden/signer.pub"
is "its contents" "$(jq -r '[.shape, (.entries[] | "\(.name) \(.mode) \(.type) \(.size // "")")] | join("|")' <<<"$out")" \
  "directory|empty 750 directory |sub/note.txt 644 file 7|weights.bin 640 file 20000|zero 644 file 0"
is "its weights" "$(jq -r '.entries[] | select(.name == "weights.bin") | .sha256' <<<"$out")" "$weights"
exits "golden: its SLH-DSA signature" 0 reader "$golden/signed-tree.wtl" --identity "$alice" --sender "$golden/root.pub"
for f in file stream; do
  exits "golden: $f" 0 reader "$golden/$f.wtl" --identity "$alice"
  is "golden: $f, its contents" "$(jq -r '"\(.shape) \(.entries[0].name) \(.entries[0].sha256)"' <<<"$out")" "$f weights.bin $weights"
done
exits "golden: for ML-KEM-1024" 0 reader "$golden/file.wtl" --identity "$golden/bob.key"
is "golden: without a roster" "$(jq -r 'has("roster")' <<<"$out")" false
exits "golden: rewrapped" 0 reader "$golden/rewrapped.wtl" --identity "$golden/bob.key" --sender "$golden/signer.pub"
is "golden: rewrapped, its contents" "$(jq -r '"\(.header) \(.entries[0].sha256)"' <<<"$out")" "2 $weights"
exits "golden: a passphrase" 0 reader "$golden/passphrase.wtl" --passphrase "$golden/passphrase.txt" --sender "$golden/signer.pub"
is "golden: a passphrase, its contents" "$(jq -r '.entries[0].sha256' <<<"$out")" "$weights"
exits "golden: another passphrase" 3 reader "$golden/passphrase.wtl" --passphrase "$golden/README.md"
exits "golden: a roster" 0 reader "$golden/roster.wtl" --identity "$alice"
is "golden: a roster, who" "$(jq -r '"\(.header) \(.roster | map(. // "-" | .[0:8]) | join(" "))"' <<<"$out")" "3 2bfd8716 751a7dbe"
exits "golden: rewrapped for another" 3 reader "$golden/rewrapped.wtl" --identity "$alice"
says "not a recipient" "not a recipient"
exits "golden: appended, content generation 2" 0 reader "$golden/appended.wtl" --identity "$alice" --sender "$golden/signer.pub"
is "golden: its contents" "$(jq -r '[.entries[] | "\(.name) \(.size // "")"] | join("|")' <<<"$out")" \
  "empty |more.txt 5|sub/note.txt 13|weights.bin 20000|zero 0"
is "golden: its weights" "$(jq -r '.entries[] | select(.name == "weights.bin") | .sha256' <<<"$out")" "$weights"
exits "golden: unsigned" 3 reader "$golden/file.wtl" --identity "$alice" --sender "$golden/signer.pub"

[ -x "$wattle" ] || { skip "the command was not built"; finish; }
"$wattle" key generate --alg X-Wing --out "$tmp/bob" >/dev/null 2>&1 && "$wattle" key generate --alg ML-DSA-87 --out "$tmp/signer" >/dev/null 2>&1 ||
  { fail "keys are made"; finish; }
mkdir "$tmp/model" "$tmp/model/sub"
i=0
for size in 0 1 16383 16384 16385 1048575 1048576 1048577 2097152 2500000; do
  head -c "$size" /dev/urandom >"$tmp/model/sub/$((i++))-$size.bin"
done
exits "fresh: sealed" 0 "$wattle" seal "$tmp/model" --to "$golden/alice.pub" --to "$tmp/bob.pub" --sign "$tmp/signer.key" --out "$tmp/m.wtl"
exits "fresh: opens, sender and trees checked" 0 reader "$tmp/m.wtl" --identity "$tmp/bob.key" --sender "$tmp/signer.pub"
is "fresh: every content" "$(jq -r '.entries[] | "\(.sha256)  \(.name)"' <<<"$out" | (cd "$tmp/model" && sha256sum --quiet -c 2>&1; echo $?))" 0
mkdir "$tmp/added" && head -c 1500000 /dev/urandom >"$tmp/added/large.bin" && cp "$tmp/m.wtl" "$tmp/more.wtl"
exits "fresh: appended" 0 "$wattle" append "$tmp/more.wtl" "$tmp/added" --identity "$tmp/bob.key" --sign "$tmp/signer.key"
exits "fresh: the new state opens" 0 reader "$tmp/more.wtl" --identity "$tmp/bob.key" --sender "$tmp/signer.pub"
is "fresh: the appended content" "$(jq -r '.entries[] | select(.name == "large.bin") | .sha256' <<<"$out")" "$(sum "$tmp/added/large.bin")"
exits "fresh: another sender" 3 reader "$tmp/m.wtl" --identity "$tmp/bob.key" --sender "$golden/signer.pub"
cp "$tmp/m.wtl" "$tmp/bad.wtl"
printf '\377' | dd of="$tmp/bad.wtl" bs=1 seek=2000000 conv=notrunc status=none
exits "fresh: a changed byte" 3 reader "$tmp/bad.wtl" --identity "$tmp/bob.key"
for alg in ML-KEM-1024 X-Wing; do
  "$wattle" key generate --alg $alg --out "$tmp/$alg" >/dev/null 2>&1
  exits "rewrap: $alg is added" 0 "$wattle" rewrap "$tmp/m.wtl" --identity "$tmp/bob.key" --add "$tmp/$alg.pub" --json
  wanted=$(jq -c '[.recipients[].key_id]' <<<"$out")
  exits "rewrap: it opens" 0 reader "$tmp/m.wtl" --identity "$tmp/$alg.key" --sender "$tmp/signer.pub"
  is "rewrap: everybody is named" "$(jq -c .roster <<<"$out")" "$wanted"
done
exits "rewrap: one is removed" 0 "$wattle" rewrap "$tmp/m.wtl" --identity "$tmp/X-Wing.key" --remove "$tmp/bob.pub"
exits "rewrap: he is a stranger now" 3 reader "$tmp/m.wtl" --identity "$tmp/bob.key"
printf 'correct horse\n' >"$tmp/passphrase"
exits "rewrap: a passphrase" 0 "$wattle" rewrap "$tmp/m.wtl" --identity "$tmp/X-Wing.key" --set-passphrase --new-passphrase-file "$tmp/passphrase"
exits "rewrap: opens with it" 0 reader "$tmp/m.wtl" --passphrase "$tmp/passphrase" --sender "$tmp/signer.pub"
exits "rewrap: not with another" 3 reader "$tmp/m.wtl" --passphrase "$tmp/signer.pub"
exits "rekey" 0 "$wattle" rewrap "$tmp/m.wtl" --passphrase-file "$tmp/passphrase" --rekey --sign "$tmp/signer.key" --sender "$tmp/signer.pub"
exits "rekey: opens, sender and trees checked" 0 reader "$tmp/m.wtl" --passphrase "$tmp/passphrase" --sender "$tmp/signer.pub"
is "rekey: every content" "$(jq -r '.entries[] | "\(.sha256)  \(.name)"' <<<"$out" | (cd "$tmp/model" && sha256sum --quiet -c 2>&1; echo $?))" 0
exits "fresh: the same, to us" 1 "$wattle" open "$tmp/bad.wtl" --identity "$tmp/bob.key" --out "$tmp/bad"
finish
