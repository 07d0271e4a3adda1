#!/usr/bin/env bash
# append, --expect-index and --threads as a user calls them.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq
cd "$tmp" || exit 1
make_keys alice=X-Wing bob=X-Wing carol=X-Wing signer=ML-DSA-65 other=ML-DSA-65
make_model m
"$wattle" seal m --to alice.pub --to bob.pub --sign signer.key --out m.wtl >/dev/null
cp m.wtl first.wtl
before=$("$wattle" info m.wtl --json | jq -r .index_digest)
mkdir new; echo one >new/one; head -c 3000000 /dev/urandom >large.bin

exits "append a file and a directory" 0 "$wattle" append m.wtl large.bin new --identity bob.key --sign signer.key --json
is "JSON says what" "$(jq -r '"\(.files) \(.replaced) \(.content_generation)"' <<<"$out")" "2 0 2"
after=$(jq -r .index_digest <<<"$out")
is "info has the digest that was printed" "$("$wattle" info m.wtl --json | jq -r .index_digest)" "$after"
exits "it opens, by the same sender, for each recipient" 0 "$wattle" open m.wtl --identity alice.key --sender signer.pub --out o --expect-index "$after"
ok "old and new are there" bash -c 'cmp o/large.bin large.bin && cmp o/one new/one && cmp o/weights.bin m/weights.bin'
exits "an expected digest that it has no longer" 1 "$wattle" open m.wtl --identity alice.key --out o2 --expect-index "$before"
ok "gives nothing" test ! -e o2
exits "the first state, put back" 1 "$wattle" open first.wtl --identity alice.key --sender signer.pub --out o2 --expect-index "$after"
says "is said to be another" "index"
exits "info tells too" 1 "$wattle" info first.wtl --expect-index "$after"
exits "and is content with the right one" 0 "$wattle" info first.wtl --expect-index "$before"
for bad in '' abc "${after^^}" "${after}00"; do exits "no digest: '${bad:0:20}'" 2 "$wattle" info m.wtl --expect-index "$bad"; done

exits "a name that is there" 5 "$wattle" append m.wtl large.bin --identity alice.key --sign signer.key
says "is named" "large.bin"
exits "with --force" 0 "$wattle" append m.wtl new/one --as large.bin --force --identity alice.key --sign signer.key
exits "the replaced one" 0 "$wattle" open m.wtl --identity alice.key --only large.bin --out -
is "is the new one" "$out" one
exits "a signed container without --sign" 5 "$wattle" append m.wtl new/one --as two --identity alice.key
exits "another signer" 5 "$wattle" append m.wtl new/one --as two --identity alice.key --sign other.key
exits "another signer who trusts the first" 0 "$wattle" append m.wtl new/one --as two --identity alice.key --sign other.key --sender signer.pub
exits "gives the second's signature" 0 "$wattle" open m.wtl --identity alice.key --sender other.pub --out o3
exits "--unsigned" 0 "$wattle" append m.wtl new --as three --identity alice.key --unsigned
exits "is unsigned" 5 "$wattle" open m.wtl --identity alice.key --sender other.pub --out o4
exits "and stays so" 5 "$wattle" append m.wtl new --as four --identity alice.key --sign other.key
ok "standard input" bash -c 'echo piped | "$0" append m.wtl - --as piped --identity alice.key' "$wattle"
exits "it is there" 0 "$wattle" open m.wtl --identity alice.key --only piped --out -
is "whole" "$out" piped
exits "standard input without a name" 2 "$wattle" append m.wtl - --identity alice.key
exits "a stranger" 1 "$wattle" append first.wtl new --identity carol.key --sign signer.key --as x
exits "nothing named" 2 "$wattle" append m.wtl --identity alice.key
exits "a container that is not there" 3 "$wattle" append none.wtl new --identity alice.key
if command -v flock >/dev/null; then
  exits "while another program changes it" 75 flock m.wtl "$wattle" append m.wtl new --as six --identity alice.key
else
  skip "flock is not installed"
fi
is "no temporary file is left" "$(find . -name '.*wattle*' | wc -l)" 0

for n in 1 2 5; do
  exits "--threads $n" 0 "$wattle" seal m --to alice.pub --sign signer.key --out t.wtl --force --threads "$n"
  exits "and open" 0 "$wattle" open t.wtl --identity alice.key --sender signer.pub --out "t$n" --threads "$n"
  ok "gives the same" diff -r m "t$n"
done
for n in 0 -1 x 1025 ''; do exits "--threads '$n'" 2 "$wattle" seal m --to alice.pub --out t2.wtl --threads "$n"; done
finish
