#!/usr/bin/env bash
# sign and verify as a user calls them.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq
cd "$tmp" || exit 1
make_keys signer=ML-DSA-65 root=SLH-DSA-SHA2-128f ec=ECDSA-P256 ec384=ECDSA-P384 ec521=ECDSA-P521 ed=Ed25519 other=ML-DSA-65
make_model m

exits "sign with four keys" 0 "$wattle" sign m --key signer.key --key root.key --key ec.key --key ec384.key
is "their files" "$(cd m && ls -- *.sig | tr '\n' ' ')" "model.ec.sig model.ec384.sig model.root.sig model.sig "
exits "verify with one" 0 "$wattle" verify m --key signer.pub
exits "verify with all" 0 "$wattle" verify m --key signer.pub --key root.pub --key ec.pub --key ec384.pub --json
is "JSON says so" "$(jq -r '"\(.verified) \(.files) \(.findings|length)"' <<<"$out")" "true 5 0"
exits "signing again does not overwrite" 5 "$wattle" sign m --key signer.key
says "and says how" "--force"
exits "with --force it does" 0 "$wattle" sign m --key signer.key --key root.key --key ec.key --key ec384.key --force
exits "a key that did not sign" 1 "$wattle" verify m --key other.pub
exits "one of two missing" 5 "$wattle" verify m --key signer.pub --key ed.pub
cp -r m s && rm s/model.root.sig
exits "a stripped signature" 5 "$wattle" verify s --key signer.pub --key root.pub

try() { # NAME CODE REGEX COMMANDS
  rm -rf c && cp -a m c && (cd c && eval "$4")
  exits "$1" "$2" "$wattle" verify c --key signer.pub
  [ -z "$3" ] || says "  said" "$3"
}
try "a changed byte" 1 "changed: weights.bin" 'flip weights.bin 500'
try "a truncated file" 1 "changed: weights.bin" 'truncate -s -1 weights.bin'
try "a grown file" 1 "changed: weights.bin" 'echo >>weights.bin'
try "an extra file" 1 "extra: new" 'echo >new'
try "an extra file in a folder" 1 "extra: sub/deep/x" 'echo >sub/deep/x'
try "a missing file" 1 "missing: config.json" 'rm config.json'
try "a renamed file" 1 "extra: conf.json" 'mv config.json conf.json'
try "a case-changed name" 1 "extra: Config.json" 'mv config.json Config.json'
try "two swapped files" 1 "changed: sub/a.txt" 'mv sub/a.txt t; mv sub/deep/f sub/a.txt; mv t sub/deep/f'
try "a symbolic link" 5 "link" 'ln -s weights.bin l'
try "a file become a link" 5 "config.json" 'rm config.json; ln -s weights.bin config.json'
try "a pipe" 5 "p" 'mkfifo p'
try "a broken bundle" 4 "model.sig" 'truncate -s 100 model.sig'
try "an empty bundle" 4 "model.sig" ': >model.sig'
try "a changed signature" 1 "" 'jq -c ".dsseEnvelope.signatures[0].sig |= (.[0:8] + (if .[8:9]==\"A\" then \"B\" else \"A\" end) + .[9:])" model.sig >t; mv t model.sig'
try "ignored names stay ignored" 0 "" 'mkdir .git; echo >.git/HEAD; echo >.gitignore'
try "but not deeper down" 1 "extra: sub/.gitignore" 'echo >sub/.gitignore'

exits "one key twice" 2 "$wattle" sign m --key signer.key --key signer.key --out twice.sig
exits "a model that is not there" 3 "$wattle" verify nowhere --key signer.pub
exits "a signature that is not there" 3 "$wattle" verify m --key signer.pub --signature nowhere.sig
mkdir bare; echo x >bare/f
exits "a model without signature" 5 "$wattle" verify bare --key signer.pub
exits "a wrong hash name" 2 "$wattle" sign bare --key signer.key --hash md5
exits "blake2b" 0 "$wattle" sign bare --key signer.key --hash blake2b
exits "is verified" 0 "$wattle" verify bare --key signer.pub --json
is "and named" "$(jq -r .hash <<<"$out")" blake2b

exits "classical signatures alone" 0 "$wattle" verify m --key ec.pub
says "are noticed" "only classical"
exits "beside a post-quantum one" 0 "$wattle" verify m --key ec.pub --key root.pub
is "they are not" "$err" ""
cp m/weights.bin w.bin
exits "a single file" 0 "$wattle" sign w.bin --key ed.key --key ec521.key
is "its signatures stand beside it" "$(ls w.bin.* | tr '\n' ' ')" "w.bin.ec521.sig w.bin.sig "
exits "verifies" 0 "$wattle" verify w.bin --key ed.pub --key ec521.pub
flip w.bin 7
exits "changed, it does not" 1 "$wattle" verify w.bin --key ed.pub
exits "--out elsewhere" 0 "$wattle" sign m --key signer.key --out elsewhere.sig
exits "verifies with --signature" 0 "$wattle" verify m --key signer.pub --signature elsewhere.sig

mkdir names; printf 1 >"names/new
line"; printf 2 >'names/a:b:c'; printf 3 >'names/ lead'; printf 4 >"names/é"; printf 5 >'names/..dots'
exits "odd names are signed" 0 "$wattle" sign names --key signer.key
exits "and verified" 0 "$wattle" verify names --key signer.pub
mkdir bytes; : >"bytes/$(printf 'a\377b')"
exits "a name that is not UTF-8" 4 "$wattle" sign bytes --key signer.key
says "is shown escaped" 'a\\xffb'
is "and nothing was written" "$(ls bytes | grep -c sig)" 0
mkdir ro; echo x >ro/f
exits "an output folder that is not there" 3 "$wattle" sign ro --key signer.key --out none/x.sig
finish
