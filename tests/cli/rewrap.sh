#!/usr/bin/env bash
# rewrap as a user calls it, killed too.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq
cd "$tmp" || exit 1
make_keys alice=X-Wing bob=X-Wing carol=X-Wing dave=ML-KEM-1024 signer=ML-DSA-65 other=ML-DSA-65
make_model m
fresh() { "$wattle" seal m --to alice.pub --to bob.pub --sign signer.key --out m.wtl --force >/dev/null; }
can() { "$wattle" open m.wtl --identity "$1.key" --only config.json --out - >/dev/null 2>&1; }
who() { local k; for k in alice bob carol dave; do can $k && printf '%s ' $k; done; }
id() { "$wattle" key show "$1.pub" --json | jq -r .key_id; }
fresh

exits "add" 0 "$wattle" rewrap m.wtl --identity alice.key --add dave.pub --json
is "JSON says who and where" "$(jq -c '[.header_generation, .header_slot, .recipients_before, [.recipients[].algorithm], .rekeyed]' <<<"$out")" '[2,1,2,["X-Wing","X-Wing","ML-KEM-1024"],false]'
is "and with which keys" "$(jq -r '[.recipients[].key_id]|join(" ")' <<<"$out")" "$(id alice) $(id bob) $(id dave)"
is "they can open it" "$(who)" "alice bob dave "
exits "the sender's signature stays" 0 "$wattle" open m.wtl --identity dave.key --sender signer.pub --out d
exits "remove" 0 "$wattle" rewrap m.wtl --identity dave.key --remove bob.pub
says "with a notice about the key" "only --rekey"
is "he cannot open it" "$(who)" "alice dave "
exits "the recipient itself" 0 "$wattle" rewrap m.wtl --identity dave.key --add "$(cat carol.pub)"
exits "remove oneself" 0 "$wattle" rewrap m.wtl --identity carol.key --remove carol.pub
says "which is said" "no recipient any more"
exits "exactly these" 0 "$wattle" rewrap m.wtl --identity alice.key --to bob.pub --to carol.pub
is "and no others" "$(who)" "bob carol "
exits "info tells the key ids to a recipient" 0 "$wattle" info m.wtl --identity bob.key --json
is "of all" "$(jq -r '.recipient_ids|join(" ")' <<<"$out")" "$(id bob) $(id carol)"
exits "for people" 0 "$wattle" info m.wtl --identity bob.key
like "too" "$out" "$(id carol)"
exits "but to nobody else" 0 "$wattle" info m.wtl --json
is "no ids" "$(jq -r 'has("recipient_ids")' <<<"$out")" false
is "and they are counted right" "$(jq -r '.recipients|length' <<<"$out")" 2

before=$(sha256sum <m.wtl)
exits "one who is there" 2 "$wattle" rewrap m.wtl --identity bob.key --add carol.pub
says "by name" "carol.pub is a recipient"
exits "one who is not there" 2 "$wattle" rewrap m.wtl --identity bob.key --remove alice.pub
says "by name" "alice.pub is no recipient"
exits "the last ones" 2 "$wattle" rewrap m.wtl --identity bob.key --remove bob.pub --remove carol.pub
says "are told" "last recipient"
exits "nothing" 2 "$wattle" rewrap m.wtl --identity bob.key
exits "two ways at once" 2 "$wattle" rewrap m.wtl --identity bob.key --to bob.pub --remove carol.pub
exits "a private key" 2 "$wattle" rewrap m.wtl --identity bob.key --add alice.key
exits "a signing key" 2 "$wattle" rewrap m.wtl --identity bob.key --add signer.pub
"$openssl" genpkey -algorithm X25519 2>/dev/null | "$openssl" pkey -pubout -out x25519.pub 2>/dev/null
exits "a classical key" 5 "$wattle" rewrap m.wtl --identity bob.key --add x25519.pub
exits "a stranger" 1 "$wattle" rewrap m.wtl --identity alice.key --add alice.pub
exits "no such file" 3 "$wattle" rewrap nothing.wtl --identity bob.key --add alice.pub
exits "a file of another kind" 4 "$wattle" rewrap m/weights.bin --identity bob.key --add alice.pub
exits "a directory" 5 "$wattle" rewrap m --identity bob.key --add alice.pub
exits "a sender without --rekey" 2 "$wattle" rewrap m.wtl --identity bob.key --add alice.pub --sign signer.key
exits "a new passphrase without --set-passphrase" 2 "$wattle" rewrap m.wtl --identity bob.key --add alice.pub --new-passphrase-file x
is "none of them changed a byte" "$(sha256sum <m.wtl)" "$before"

fresh
for i in $(seq 3 13); do
  "$wattle" key generate --alg X-Wing --out "k$i" >/dev/null
  ok "recipient $i" "$wattle" rewrap m.wtl --identity alice.key --add "k$i.pub"
done
exits "the fourteenth" 2 "$wattle" rewrap m.wtl --identity alice.key --add carol.pub
says "is refused by name" "carol.pub is one too many.*13 X-Wing or 9 ML-KEM-1024.*--rekey"

fresh
printf 'first\n' >first; printf 'second\n' >second; printf '\n' >empty
exits "set a passphrase" 0 "$wattle" rewrap m.wtl --identity alice.key --set-passphrase --new-passphrase-file first --work 10
is "keys do not open it" "$(who)" ""
exits "it opens with it" 0 "$wattle" open m.wtl --passphrase-file first --sender signer.pub --out p
exits "another passphrase" 0 bash -c '"$0" rewrap m.wtl --passphrase-fd 7 --set-passphrase --new-passphrase-fd 8 --work 10 7<first 8<second' "$wattle"
exits "a wrong one" 1 "$wattle" rewrap m.wtl --passphrase-file first --to alice.pub
exits "an empty one" 2 "$wattle" rewrap m.wtl --passphrase-file second --set-passphrase --new-passphrase-file empty
exits "a recipient beside it" 2 "$wattle" rewrap m.wtl --passphrase-file second --add alice.pub
says "is told to use --to" "--to"
exits "back to keys" 0 "$wattle" rewrap m.wtl --passphrase-file second --to alice.pub --to dave.pub
is "they open it" "$(who)" "alice dave "

exits "a signed container is not rekeyed without a word" 5 "$wattle" rewrap m.wtl --identity alice.key --rekey --to alice.pub
says "about its signature" "--sign, or say --unsigned"
exits "rekey needs the keys of those who stay" 2 "$wattle" rewrap m.wtl --identity alice.key --rekey --unsigned
says "and says whose" "$(id dave)"
cp m.wtl old.wtl
exits "rekey" 0 "$wattle" rewrap m.wtl --identity alice.key --rekey --remove dave.pub --add bob.pub --sender signer.pub --sign other.key --json
is "JSON" "$(jq -c '[.rekeyed, .header_generation, (.recipients|length), .bytes > 100000]' <<<"$out")" "[true,1,2,true]"
is "who opens it" "$(who)" "alice bob "
exits "signed by the other one" 0 "$wattle" open m.wtl --identity bob.key --sender other.pub --out r
ok "with the same contents" diff -r m r
exits "the old copy still opens" 0 "$wattle" open old.wtl --identity dave.key --out o
exits "a sender who did not sign" 5 "$wattle" rewrap m.wtl --identity alice.key --rekey --to alice.pub --unsigned --sender signer.pub
exits "to be unsigned" 0 "$wattle" rewrap m.wtl --identity alice.key --rekey --to alice.pub --unsigned
is "it is" "$("$wattle" info m.wtl --json | jq -c .signatures)" "[]"
ln -s m.wtl link.wtl
exits "through a link, in place" 0 "$wattle" rewrap link.wtl --identity alice.key --add carol.pub
exits "but no rekey" 5 "$wattle" rewrap link.wtl --identity alice.key --rekey --to alice.pub
is "no temporary file is left" "$(find . -name '.*wattle*' | wc -l)" 0

# Killed at 200 random points: the old recipients or the new ones.
fresh
bad=0 old=0 new=0
for i in $(seq 200); do
  if can bob; then step=(--add carol.pub --remove bob.pub); else step=(--add bob.pub --remove carol.pub); fi
  "$wattle" rewrap m.wtl --identity alice.key "${step[@]}" >/dev/null 2>&1 &
  pid=$!
  sleep "0.0$((RANDOM % 2))$((RANDOM % 10))$((RANDOM % 10))"
  kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null
  can alice || bad=$((bad + 1))
  if can bob; then can carol && bad=$((bad + 1)); old=$((old + 1)); else can carol || bad=$((bad + 1)); new=$((new + 1)); fi
done
is "killed 200 times, always one set of recipients whole" "$bad" 0
diag "bob $old times, carol $new times"
exits "the last one to finish" 0 "$wattle" rewrap m.wtl --identity alice.key --to alice.pub
is "works" "$(who)" "alice "

# All at once: nobody's change is lost.
fresh
for i in 3 4 5 6 7 8; do "$wattle" rewrap m.wtl --identity alice.key --add "k$i.pub" >/dev/null 2>&1 & done
wait
is "six at once" "$("$wattle" info m.wtl --json | jq '.recipients|length')" 8
finish
