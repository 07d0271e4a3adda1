# C2SP chunked encryption against an implementation in JavaScript on node's own crypto.
source "$(dirname "$0")/../lib/tap.sh"
requires_command node
here=$WATTLE_SOURCE/tests/interop
peer=$WATTLE_BUILD/tests/crypto_peer
[ -x "$peer" ] || skip_all "$peer was not built"
node "$here/chunked.mjs" golden | cmp - "$WATTLE_SOURCE/tests/golden/chunked.txt" >&2 ||
  { printf 'not ok 1 - the golden file is what chunked.mjs makes\n1..1\n'; exit 1; }
node "$here/chunked.mjs" peer "$peer"
