#!/usr/bin/env bash
# Containers that open with a passphrase.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq setsid
cd "$tmp" || exit 1
make_keys alice=X-Wing signer=ML-DSA-65
make_model m
printf 'open sesame\nnot this line\n' >pass; printf 'open sesame\r\n' >crlf; printf 'another\n' >wrong; printf '\n' >empty; : >nothing
printf 'a\0b\n' >nul; head -c 1025 /dev/zero | tr '\0' k >long; head -c 1024 /dev/zero | tr '\0' k >longest

exits "seal" 0 "$wattle" seal m --passphrase --passphrase-file pass --sign signer.key --out p.wtl --json
is "to a passphrase" "$(jq -rc .recipients <<<"$out")" '["passphrase"]'
exits "open, by file" 0 "$wattle" open p.wtl --passphrase-file pass --sender signer.pub --out a
ok "all came back" diff -r m a
exits "by descriptor" 0 bash -c '"$0" open p.wtl --passphrase-fd 7 --out b 7<crlf' "$wattle"
ok "all came back" diff -r m b
cp p.wtl more.wtl && echo more >more.txt
exits "append" 0 "$wattle" append more.wtl more.txt --passphrase-file pass --sender signer.pub --sign signer.key
exits "and open" 0 "$wattle" open more.wtl --passphrase-file pass --sender signer.pub --out appended
ok "with what was appended" cmp more.txt appended/more.txt
exits "append with a wrong one" 1 "$wattle" append more.wtl m/config.json --passphrase-file wrong --sender signer.pub --sign signer.key
exits "a wrong one" 1 "$wattle" open p.wtl --passphrase-file wrong --out c
says "is told" "the passphrase is wrong"
exits "with a key" 1 "$wattle" open p.wtl --identity alice.key --out c
says "is told what opens it" "opens with a passphrase"
exits "without a terminal" 2 setsid "$wattle" open p.wtl --out c
says "is told what to do" "no terminal"
for f in empty nothing; do
  exits "an $f one" 2 "$wattle" open p.wtl --passphrase-file $f --out c
  exits "is refused to seal too" 2 "$wattle" seal m --passphrase --passphrase-file $f --out x.wtl
  says "as empty" "empty"
done
exits "a NUL in it" 2 "$wattle" seal m --passphrase --passphrase-file nul --out x.wtl
exits "one of 1,025 bytes" 2 "$wattle" seal m --passphrase --passphrase-file long --out x.wtl
says "is too long" "longer than 1024"
exits "one of 1,025 bytes by descriptor" 2 bash -c '"$0" seal m --passphrase --passphrase-fd 7 --out x.wtl 7<long' "$wattle"
exits "one of 1,024 is not" 0 "$wattle" seal m --passphrase --passphrase-file longest --work 10 --out l.wtl
exits "and opens" 0 "$wattle" open l.wtl --passphrase-file longest --out l
exits "a passphrase and a recipient" 2 "$wattle" seal m --passphrase --passphrase-file pass --to alice.pub --out x.wtl
exits "neither" 2 "$wattle" seal m --out x.wtl
says "is told what to give" "--to"
exits "both sources" 2 "$wattle" seal m --passphrase --passphrase-file pass --passphrase-fd 0 --out x.wtl
for w in 9 31 x '' -1 18x; do exits "--work '$w'" 2 "$wattle" seal m --passphrase --passphrase-file pass --work "$w" --out x.wtl; done
exits "--work without a passphrase" 2 "$wattle" seal m --to alice.pub --work 12 --out x.wtl
ok "none of them left a file" test ! -e x.wtl
exits "on a container for keys" 0 "$wattle" seal m --to alice.pub --out k.wtl
exits "a passphrase is of no use" 2 "$wattle" open k.wtl --passphrase-file pass --out c
says "an identity is" "--identity"
ok "nothing appeared" test ! -e c

exits "info" 0 "$wattle" info p.wtl --json
is "says what opens it" "$(jq -rc '[.recipients, has("entries")]' <<<"$out")" '[["passphrase"],false]'
exits "info with the passphrase" 0 "$wattle" info p.wtl --passphrase-file pass --json
is "lists the files" "$(jq -r '[.entries[].name]|join(" ")' <<<"$out")" "config.json empty-dir empty.bin sub/a.txt sub/deep/f weights.bin"
exits "info with a wrong one" 1 "$wattle" info p.wtl --passphrase-file wrong
exits "info that is to ask, without a terminal" 2 setsid "$wattle" info p.wtl --passphrase
exits "info with both" 2 "$wattle" info p.wtl --passphrase --identity alice.key

exits "work over the cap" 0 "$wattle" seal m --passphrase --passphrase-file pass --work 12 --out w.wtl
exits "is refused" 5 "$wattle" open w.wtl --passphrase-file nowhere --max-work 11 --out w
says "with the numbers, before the passphrase is read" "N = 2\^12, r = 8, p = 1: 4 MiB.*--max-work 12"
exits "unless allowed" 0 "$wattle" open w.wtl --passphrase-file pass --max-work 12 --out w

# An encrypted sender's key and a passphrase: the options speak of the container, the key's is asked for.
ok "an encrypted sender's key" "$wattle" key generate --alg ML-DSA-65 --out enc --passphrase-file wrong
exits "has its own passphrase asked for" 2 setsid "$wattle" seal m --passphrase --passphrase-file pass --sign enc.key --out x.wtl
says "on the terminal" "no terminal"
exits "without --passphrase the options are the key's" 0 "$wattle" seal m --to alice.pub --sign enc.key --passphrase-file wrong --out e.wtl
ok "an encrypted identity" "$wattle" key generate --alg ML-KEM-1024 --out id --passphrase-file wrong
exits "seal to it" 0 "$wattle" seal m --to id.pub --out i.wtl
exits "with --identity the options are the key's" 0 "$wattle" open i.wtl --identity id.key --passphrase-file wrong --out i
exits "and a wrong one is told" 1 "$wattle" open i.wtl --identity id.key --passphrase-file pass --out i2

# ML-KEM-1024 from beginning to end.
exits "info of an ML-KEM-1024 recipient" 0 "$wattle" info i.wtl --identity id.key --passphrase-file wrong --json
is "names algorithm and key" "$(jq -r '"\(.recipients[0]) \(.recipient_ids[0])"' <<<"$out")" "ML-KEM-1024 $("$wattle" key show id.pub --json | jq -r .key_id)"
ok "all came back" diff -r m i

# The prompt, on a terminal of its own: the passphrase is not echoed.
# typed REPLIES COMMAND: each reply is given when its question can be read in `seen`.
typed() {
  local reply=$1 n=0 r; shift
  rm -f seen over; : >seen
  {
    for r in $reply; do
      n=$((n + 1))
      for _ in {1..300}; do [ "$(grep -aoE 'assphrase|same again' seen | wc -l)" -ge $n ] && break; sleep 0.1; done
      printf '%s\n' "$r"
    done
    for _ in {1..300}; do [ -e over ] && break; sleep 0.1; done
  } | script -qec "$*; : >over" /dev/null >seen 2>&1
}
if has_terminal; then
  typed "tty-one tty-one" "'$wattle' seal m --passphrase --work 10 --out t.wtl"
  ok "asked for twice on a terminal" test -e t.wtl
  ok "and not shown" bash -c '! grep -q tty-one seen'
  typed "tty-one tty-two" "'$wattle' seal m --passphrase --work 10 --out d.wtl"
  ok "two that differ are refused" test ! -e d.wtl
  typed "tty-one" "'$wattle' open t.wtl --out t"
  ok "asked for once to open" diff -r m t
else
  skip "no terminal can be made here"
fi
finish
