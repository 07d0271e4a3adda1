#!/usr/bin/env bash
# seal, open and info as a user calls them.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq
cd "$tmp" || exit 1
make_keys alice=X-Wing bob=X-Wing carol=X-Wing signer=ML-DSA-65 other=ML-DSA-65 root=SLH-DSA-SHA2-128f
make_model m
same() { diff -r "$1" "$2" && [ "$(cd "$1" && find . -printf '%P %m\n' | sort)" = "$(cd "$2" && find . -printf '%P %m\n' | sort)" ]; }
chmod 0755 m m/sub m/sub/deep m/empty-dir

exits "seal a directory" 0 "$wattle" seal m --to alice.pub --to bob.pub --sign signer.key --out m.wtl --json
is "JSON says what" "$(jq -r '"\(.files) \(.recipients|length) \(.signatures[0])"' <<<"$out")" "5 2 ML-DSA-65"
exits "open it as Alice" 0 "$wattle" open m.wtl --identity alice.key --sender signer.pub --out a --json
is "the sender is authenticated" "$(jq .sender_authenticated <<<"$out")" true
ok "all came back, with modes" same m a
exits "open it as Bob, without a sender" 0 "$wattle" open m.wtl --identity bob.key --out b
says "which is said" "sender not authenticated"
ok "all came back" same m b
exits "several identities" 0 "$wattle" open m.wtl --identity carol.key --identity bob.key --out b2
exits "a stranger" 1 "$wattle" open m.wtl --identity carol.key --out c
says "is told so" "recipient"
ok "nothing appeared" test ! -e c
exits "another sender" 5 "$wattle" open m.wtl --identity alice.key --sender other.pub --out c
exits "one of two senders" 0 "$wattle" open m.wtl --identity alice.key --sender other.pub --sender signer.pub --out a2
exits "a required signature that nobody is trusted for" 5 "$wattle" open m.wtl --identity alice.key --require-signature --out c
ok "nothing appeared" test ! -e c
exits "a directory that is not empty" 5 "$wattle" open m.wtl --identity alice.key --out a
exits "with --force" 0 "$wattle" open m.wtl --identity alice.key --out a --force
exits "no output is overwritten" 5 "$wattle" seal m --to alice.pub --out m.wtl
exits "unless --force" 0 "$wattle" seal m --to alice.pub --to bob.pub --sign signer.key --sign root.key --out m.wtl --force

exits "info for anyone" 0 "$wattle" info m.wtl --json
is "shows recipients and senders" "$(jq -r '"\(.recipients|join(",")) \([.signatures[].algorithm]|join(","))"' <<<"$out")" "X-Wing,X-Wing ML-DSA-65,SLH-DSA-SHA2-128f"
is "but no names" "$(jq -r 'has("entries")' <<<"$out")" false
exits "info with an identity" 0 "$wattle" info m.wtl --identity bob.key --json
is "lists the files" "$(jq -r '[.entries[].name]|join(" ")' <<<"$out")" "config.json empty-dir empty.bin sub/a.txt sub/deep/f weights.bin"
ok "info for people" "$wattle" info m.wtl

exits "one file" 0 "$wattle" open m.wtl --identity alice.key --only sub/deep/f --out one
is "and no other" "$(find one -type f -printf '%P\n')" "sub/deep/f"
check_range() {
  "$wattle" open m.wtl --identity alice.key --sender signer.pub --only weights.bin --range "$1:$2" --out - >got 2>/dev/null
  tail -c +$(($1 + 1)) m/weights.bin | head -c $((${2:-100000} - $1)) >want
  ok "range $1:$2" cmp got want
}
check_range 0 1; check_range 0 100000; check_range 16383 16385; check_range 16384 32768; check_range 99999 100000
check_range 50000 ''; check_range 100000 ''; check_range 500 500
exits "a range past the end" 2 "$wattle" open m.wtl --identity alice.key --only weights.bin --range 0:100001 --out -
exits "a range without --only" 2 "$wattle" open m.wtl --identity alice.key --range 0:1 --out -
for r in 5 a:b 2:1 -1:2 0x1:2 1:2:3 99999999999999999999:; do
  exits "range $r" 2 "$wattle" open m.wtl --identity alice.key --only weights.bin --range "$r" --out -
done
exits "a file that is not inside" 2 "$wattle" open m.wtl --identity alice.key --only nope --out -
says "is named" "nope"
exits "a directory cannot go to standard output" 2 "$wattle" open m.wtl --identity alice.key --out -

ok "from and to a pipe" bash -c 'set -o pipefail; cat m/weights.bin | "$0" seal - --to alice.pub --out - | cat >p.wtl' "$wattle"
exits "opens" 0 "$wattle" open p.wtl --identity alice.key --out p
ok "under the name stdin" cmp p/stdin m/weights.bin
ok "with a name" bash -c '"$0" seal - --name w.bin --to alice.pub --out n.wtl <m/weights.bin' "$wattle"
ok "opens to standard output" bash -c '"$0" open n.wtl --identity alice.key --out - 2>/dev/null | cmp - m/weights.bin' "$wattle"
exits "and to its name" 0 "$wattle" open n.wtl --identity alice.key --out n
ok "w.bin" cmp n/w.bin m/weights.bin
exits "a single file" 0 "$wattle" seal m/weights.bin --to alice.pub --out f.wtl
exits "opens" 0 "$wattle" open f.wtl --identity alice.key --out f
ok "under its name" cmp f/weights.bin m/weights.bin
exits "the recipient itself" 0 "$wattle" seal m/weights.bin --to "$(cat alice.pub)" --out g.wtl
mkdir e
exits "an empty directory" 0 "$wattle" seal e --to alice.pub --out e.wtl
exits "opens" 0 "$wattle" open e.wtl --identity alice.key --out e2
ok "as one" test -d e2

exits "a recipient given twice" 2 "$wattle" seal m --to alice.pub --to alice.pub --out x.wtl
exits "a container from a pipe" 2 "$wattle" open - --identity alice.key --out x
exits "a signing key is no recipient" 2 "$wattle" seal m --to signer.pub --out x.wtl
exits "a KEM key is no sender" 2 "$wattle" seal m --to alice.pub --sign bob.key --out x.wtl
exits "a private key is no recipient" 2 "$wattle" seal m --to alice.key --out x.wtl
exits "a source that is not there" 3 "$wattle" seal nowhere --to alice.pub --out x.wtl
ln -s weights.bin m/link
exits "a symbolic link inside" 5 "$wattle" seal m --to alice.pub --out x.wtl
rm m/link; mkfifo m/pipe
exits "a pipe inside" 5 "$wattle" seal m --to alice.pub --out x.wtl
rm m/pipe
exits "an output folder that is not there" 3 "$wattle" seal m --to alice.pub --out none/x.wtl
exits "standard output that is full" 3 bash -c '"$0" seal m --to alice.pub --out - >/dev/full' "$wattle"
ok "none of them left a file" test ! -e x.wtl
is "nor a temporary one" "$(find . -name '.*wattle*' | wc -l)" 0

n=$(stat -c %s m.wtl)
for at in 0 100 5000 37000 $((n / 2)) $((n - 100)) $((n - 1)); do
  cp m.wtl bad.wtl; flip bad.wtl "$at"
  "$wattle" open bad.wtl --identity alice.key --sender signer.pub --out bad >/dev/null 2>&1; got=$?
  case $got in 1 | 4) pass "a changed byte at $at is refused ($got)" ;; *) fail "a changed byte at $at" "exit $got" ;; esac
done
for len in 0 1 4096 36864 $((n / 2)) $((n - 1)); do
  head -c "$len" m.wtl >bad.wtl
  exits "cut to $len bytes" 4 "$wattle" open bad.wtl --identity alice.key --out bad
done
(cat m.wtl; echo) >bad.wtl
exits "a byte more" 4 "$wattle" open bad.wtl --identity alice.key --out bad
ok "nothing came of them" test ! -e bad
exits "a file of another kind" 4 "$wattle" open m/weights.bin --identity alice.key --out bad

"$wattle" seal m --to alice.pub --sign other.key --out forged.wtl >/dev/null
exits "a container re-made with the recipient's public key" 5 "$wattle" open forged.wtl --identity alice.key --sender signer.pub --out bad
ok "leaves nothing" test ! -e bad
mkdir -p outside; ln -s outside ln-out
exits "an output that is a link to a directory" 0 "$wattle" open f.wtl --identity alice.key --out ln-out
mkdir trap; ln -s ../outside trap/sub
exits "a link inside the output is not followed" 5 "$wattle" open m.wtl --identity alice.key --out trap --force
ok "and nothing was written through it" test ! -e outside/a.txt

# A seal that is held in the middle by its standard input, then ended.
ended() { # NAME SIGNAL WANTED-EXIT
  mkfifo "in-$2"
  "$wattle" seal - --to alice.pub --out "held-$2.wtl" <"in-$2" >/dev/null 2>held.err &
  local pid=$! tries=0
  exec 9>"in-$2"
  head -c 3000000 /dev/urandom >&9
  until ls .held-"$2".wtl.* >/dev/null 2>&1 || [ $((tries += 1)) -gt 100 ]; do sleep 0.05; done
  ok "$1: it writes under another name" bash -c 'ls .held-$0.wtl.* && test ! -e held-$0.wtl' "$2"
  kill -"$2" "$pid"; wait "$pid" 2>/dev/null
  is "$1: it ended by the signal" "$?" "$3"
  exec 9>&-
  ok "$1: nothing under the final name" test ! -e "held-$2.wtl"
}
ended "ended by kill -9" KILL 137
ended "ended by SIGHUP" HUP 129
ended "ended by SIGTERM" TERM 143
is "only kill -9 left its temporary file" "$(find . -name '.held-*' | wc -l)" 1
finish
