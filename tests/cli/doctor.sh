#!/usr/bin/env bash
# wattle doctor: each finding is provoked.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq
cd "$tmp" || exit 1
umask 022
chmod 0755 "$tmp"
make_keys signer=ML-DSA-65 ec=ECDSA-P256 alice=X-Wing

# finds RESULT CHECK SUBJECT TEXT: the last `exits` printed such a row of JSON.
finds() {
  is "  $1: $2${3:+ of $3}${4:+, $4}" "$(jq -r --arg r "$1" --arg c "$2" --arg s "$3" --arg t "$4" \
    '[.checks[] | select(.result == $r and .check == $c and (.subject // "") == $s and (.text | test($t)))] | length > 0' <<<"$out")" true
}
row() { jq -r --arg c "$1" '.checks[] | select(.check == $c) | .result' <<<"$out" | sort -u | tr '\n' ' '; }

exits "this machine" 0 "$wattle" doctor --json
is "is healthy" "$(jq -r '"\(.healthy) \(.problems)"' <<<"$out")" "true 0"
for check in openssl providers algorithms self-check memory "core dumps" processor kernels randomness clock environment; do
  ok "  $check was looked at" jq -e --arg c "$check" 'any(.checks[]; .check == $c)' <<<"$out"
done
is "  ML-DSA-65 and X-Wing work" "$(jq -r '.checks[] | select(.check == "self-check") | .text' <<<"$out" | grep -oE '^(ML-DSA-65|X-Wing)' | tr '\n' ' ')" "ML-DSA-65 X-Wing "
is "  the OpenSSL named is the one that is loaded" "$(jq -r '.checks[] | select(.check == "openssl") | .text' <<<"$out" | grep -cF "$("$wattle" version --json | jq -r .crypto)")" 1
exits "the table for people" 0 "$wattle" doctor signer.key
like "has a heading" "$out" '^RESULT +CHECK +WHAT'
like "and a row for the key" "$out" '^ok +permissions +signer.key: '

if has_terminal; then
  for columns in 30 60 200; do
    script -qec "stty cols $columns; TERM=dumb $wattle doctor signer.key alice.key" /dev/null </dev/null >wide 2>&1
    is "on a terminal of $columns columns no line is wider" "$(tr -d '\r' <wide | awk -v n=$((columns < 40 ? 40 : columns)) 'length > n')" ''
    like "  and every word is there" "$(tr -s '\r\n ' ' ' <wide)" "who reads the file( |-> )has the key" # in its order
  done
fi

exits "a tight limit on locked memory" 0 bash -c 'ulimit -l 64; exec "$0" doctor --json' "$wattle"
if [ "$(id -u)" -eq 0 ]; then skip "  root may lock as much as it likes"; else finds warning memory '' 'could not be locked'; fi
exits "a variable that changes what is loaded" 0 env LD_LIBRARY_PATH=/nowhere "$wattle" doctor --json
finds note environment '' LD_LIBRARY_PATH

exits "a forced kernel" 0 env WATTLE_CPU=ref "$wattle" doctor --json
finds note kernels '' 'SHA-256 runs by ref'

exits "keys in order" 0 "$wattle" doctor signer.key signer.pub alice.key ec.pub --json
finds ok permissions signer.key "owner's alone"
finds note passphrase signer.key 'not encrypted'
finds ok algorithm signer.pub 'ML-DSA-65 withstands'
finds ok algorithm alice.key 'X-Wing withstands'
finds warning algorithm ec.pub 'ECDSA-P256 is not post-quantum'
printf 'secret\n' >pass
"$wattle" key generate --alg ML-DSA-44 --out locked --passphrase-file pass >/dev/null
"$wattle" key generate --alg ML-DSA-44 --out der --der >/dev/null
exits "an encrypted key, and DER" 0 "$wattle" doctor locked.key der.key der.pub --json
finds ok passphrase locked.key 'is encrypted'
finds ok algorithm der.pub 'ML-DSA-44 withstands'
finds note passphrase der.key 'not encrypted'

for mode in 640 604 660 602; do
  chmod "$mode" signer.key
  exits "a private key of mode $mode" 1 "$wattle" doctor signer.key --json
  finds problem permissions signer.key "open to others .mode $mode"
done
says "and the error counts" "1 problem was found"
chmod 600 signer.key
chmod 666 signer.pub
exits "a public key that others can write" 1 "$wattle" doctor signer.pub --json
finds problem permissions signer.pub 'put their own key'
chmod 644 signer.pub
mkdir open sticky keys; cp signer.key open; cp signer.key sticky; chmod 777 open; chmod 1777 sticky
exits "a folder that others can write" 1 "$wattle" doctor open/signer.key --json
finds problem permissions open 'others can replace'
exits "by --keys" 1 "$wattle" doctor --keys open/ --json
finds problem permissions open/ 'others can replace'
finds ok permissions open/signer.key alone
exits "with the sticky bit they cannot" 0 "$wattle" doctor sticky/signer.key --json
if [ "$(id -u)" -eq 0 ]; then
  cp signer.key keys/foreign.key; chown 12345 keys/foreign.key
  exits "a private key of another user" 1 "$wattle" doctor keys/foreign.key --json
  finds problem permissions keys/foreign.key 'belongs to user 12345'
  rm keys/foreign.key
else
  skip "a private key of another user (needs root to make one)"
fi

certificate() { # FILE NOT-BEFORE NOT-AFTER ALGORITHM
  "$openssl" genpkey -algorithm "$4" ${5:+-pkeyopt "$5"} -out c.key 2>/dev/null &&
    "$openssl" req -new -x509 -key c.key -subj "/CN=name of ${1##*/}" -config req.cnf -not_before "$2" -not_after "$3" -out "$1" 2>/dev/null
}
printf '[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = x\n' >req.cnf
day() { date -u -d "$1 days" +%Y%m%d%H%M%SZ; }
certificate keys/good.pem "$(day -10)" "$(day +400)" ML-DSA-65 || echo "Bail out! no certificate"
certificate keys/soon.pem "$(day -10)" "$(day +20)" ML-DSA-65
certificate keys/old.pem "$(day -100)" "$(day -3)" EC ec_paramgen_curve:P-256
certificate keys/early.pem "$(day +5)" "$(day +90)" Ed25519
exits "certificates" 1 "$wattle" doctor --keys keys --json
finds ok certificate keys/good.pem 'CN=name of good.pem is valid for (399|400) days'
finds warning certificate keys/soon.pem 'expires in (19|20) days'
finds problem certificate keys/old.pem 'expired 3 days ago'
finds problem certificate keys/early.pem 'not valid yet, for another [45] days'
finds warning algorithm keys/old.pem 'EC is not post-quantum'
finds ok algorithm keys/good.pem 'ML-DSA-65 withstands'
is "  two problems" "$(jq .problems <<<"$out")" 2
exits "--days 10" 0 "$wattle" doctor keys/soon.pem --days 10 --json
finds ok certificate keys/soon.pem 'valid for (19|20) days'
exits "--days 500" 0 "$wattle" doctor keys/good.pem --days 500 --json
finds warning certificate keys/good.pem 'expires in (399|400) days'
cat keys/good.pem keys/old.pem >chain.pem
exits "a chain is read to its end" 1 "$wattle" doctor chain.pem --json
finds problem certificate chain.pem old
sed '5s/./!/' keys/good.pem >broken.pem
exits "a broken certificate" 1 "$wattle" doctor broken.pem --json
finds problem certificate broken.pem broken
for days in -1 x '' 1x 40000 99999999999999999999; do exits "--days '$days'" 2 "$wattle" doctor --days "$days"; done

echo x >model
"$wattle" seal model --to alice.pub --sign signer.key --out signed.wtl >/dev/null
"$wattle" seal model --to alice.pub --out plain.wtl >/dev/null
head -c 100 signed.wtl >cut.wtl
exits "containers" 1 "$wattle" doctor signed.wtl plain.wtl cut.wtl --json
finds ok container signed.wtl 'signed by its sender'
finds note container plain.wtl 'no signature'
finds problem container cut.wtl ''

mkdir left; stale=left/.model.wtl.wattle-0123456789abcdef
: >"$stale"; mkdir left/.wattle-partial-0123456789abcdef
: >left/.model.wattle-0123; : >left/.wattle-backup; : >left/model.wattle-0123456789abcdef
touch -d '2 hours ago' "$stale"
exits "what killed commands left behind" 0 "$wattle" doctor left --json
finds warning leftover "$stale" killed
finds note leftover left/.wattle-partial-0123456789abcdef 'runs or was killed'
is "  and nothing else" "$(jq '[.checks[] | select(.check == "leftover")] | length' <<<"$out")" 2
(cd left && "$wattle" doctor --json) | jq -e '[.checks[] | select(.check == "leftover")] | length == 2' >/dev/null &&
  pass "in the current folder without being asked" || fail "in the current folder without being asked"
# A command that is really killed leaves what doctor finds.
mkdir killed
mkfifo held; exec 8<>held
"$wattle" seal - --to alice.pub --out killed/x.wtl <held & pid=$!
for _ in {1..100}; do [ -n "$(find killed -type f)" ] && break; sleep 0.1; done
kill -9 "$pid"; wait "$pid" 2>/dev/null
exits "after kill -9" 0 "$wattle" doctor killed --json
finds note leftover "$(find killed -type f)" ''

exits "a file that is not there" 1 "$wattle" doctor nowhere --json
finds problem file nowhere 'No such file'
exits "an empty name" 1 "$wattle" doctor '' --json
echo hello >other.txt
exits "a file of no kind" 0 "$wattle" doctor other.txt --json
finds warning file other.txt 'neither a key'
mkdir junk; : >junk/empty; head -c 300000 /dev/urandom >junk/random; mkfifo junk/pipe; ln -s nowhere junk/dangling; mkdir junk/folder
printf -- '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' >junk/bad.key; printf '\x30\x82' >junk/bad.der
printf 'AGE-SECRET-KEY-PQ-1XX\n' >junk/bad.age; chmod 600 junk/*.key junk/*.age junk/*.der
exits "a folder of junk" 0 "$wattle" doctor junk --json
finds warning key junk/bad.key 'no key that Wattle can use'
finds warning key junk/bad.age 'no key that Wattle can use'
name=$(printf 'esc\033[2J.key'); cp signer.key "keys/$name"; chmod 644 "keys/$name"
exits "a name that writes to the terminal" 1 "$wattle" doctor "keys/$name"
is "is quoted" "$(grep -c $'\033' <<<"$out")" 0
like "and shown" "$out" 'esc\\+x1b'
exits "no secret is printed" 1 "$wattle" doctor --keys keys --keys . --json
is "in any form" "$(grep -c "$(sed -n 2p signer.key | cut -c1-30)" <<<"$out$err")" 0
# Somebody else's openssl.cnf.
module=$WATTLE_BUILD/lib/wattle.so
case $(sed -n 's/^WATTLE_SANITIZE:[A-Z]*=//p' "$WATTLE_BUILD/CMakeCache.txt") in
  *thread*) module= ;; # its runtime takes no module that is loaded twice
esac
conf() { # QUERY MODULE [SETTING [DEFAULT]]
  printf 'openssl_conf = init\n[init]\nproviders = p\nalg_section = a\n[p]\ndefault = d\nwattle = w\n[d]\n%s\n' "${4-activate = 1}"
  printf '[a]\n%s\n[w]\nmodule = %s\nactivate = 1\n%s\n' "${1:+default_properties = $1}" "$2" "${3-}"
}
if [ -n "$module" ] && [ -e "$module" ]; then
  served() { exits "$1" "$2" "$wattle" doctor --openssl-conf "$3" --json; }
  rows() { is "  and nothing else of it" "$(jq --arg s "$1" '[.checks[] | select(.check == "served" and .subject == $s)] | length' <<<"$out")" "$2"; }
  conf '?provider=wattle' "$module" >good.cnf
  served "openssl.cnf: in order" 0 good.cnf
  finds ok served good.cnf 'computes ML-DSA-44, .*X25519MLKEM768'
  rows good.cnf 1
  conf '' "$module" >noquery.cnf
  served "without a query" 0 noquery.cnf
  finds warning served noquery.cnf 'does not ask for it'
  conf 'provider=wattle' "$module" >hard.cnf
  served "with a hard query" 0 hard.cnf
  finds warning served hard.cnf 'ciphers and hashes, which it has not'
  conf '?fips=yes,?provider=wattle' "$module" >two.cnf
  served "with two wishes" 0 two.cnf
  finds ok served two.cnf 'computes ML-DSA-44'
  rows two.cnf 1
  conf '?provider=wattle' /nowhere/wattle.so >missing.cnf
  served "a module that is not there" 1 missing.cnf
  finds problem served missing.cnf 'does not start: .*/nowhere/wattle.so.*No such file'
  rows missing.cnf 1
  printf 'not a module\n' >text.so
  conf '?provider=wattle' "$tmp/text.so" >text.cnf
  served "a module that is none" 1 text.cnf
  finds problem served text.cnf 'does not start: .*text.so'
  conf '?provider=wattle' "$module" 'cpu = fastest' >refuses.cnf
  served "a setting that it refuses" 1 refuses.cnf
  finds problem served refuses.cnf 'does not start: the setting cpu of the provider wattle has an unknown value; it may be auto, .*"fastest"'
  conf '' "$module" 'verify-after-sign = perhaps' >refuses.cnf
  served "also when nobody asks for it" 1 refuses.cnf
  finds problem served refuses.cnf 'verify-after-sign .*yes or no .*"perhaps"'
  conf '?provider=wattle' "$module" '' '# nothing' >nodefault.cnf
  served "default is not activated" 1 nodefault.cnf
  finds problem served nodefault.cnf 'activates neither default nor fips'
  conf '?provider=wattle' "$module" | sed '/^wattle = /d' >unnamed.cnf
  served "asked for, and not activated" 1 unnamed.cnf
  finds problem served unnamed.cnf 'asks for .* and does not activate it'
  : >empty.cnf
  served "an empty file" 0 empty.cnf
  finds note served empty.cnf 'does not activate'
  printf '[init\n' >junk.cnf
  served "a file that is none" 1 junk.cnf
  finds problem served junk.cnf 'does not take the configuration file junk.cnf'
  served "no file" 1 gone.cnf
  finds problem served gone.cnf 'no such file'
  exits "several" 1 "$wattle" doctor --openssl-conf good.cnf --openssl-conf missing.cnf --json
  finds ok served good.cnf 'computes'
  finds problem served missing.cnf 'does not start'
else
  skip "wattle.so cannot be loaded by this build"
fi
finish
