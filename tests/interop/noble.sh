# Differential test against npm @noble/post-quantum; it installs into the build folder.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/../lib/noble.sh"
peer=$WATTLE_BUILD/tests/crypto_peer
[ -x "$peer" ] || skip_all "$peer was not built"
noble_ready peer.mjs noble.mjs
# The slow half of SLH-DSA once, not in every preset.
speed=quick
[ "$(basename "$WATTLE_BUILD")" = release ] && speed=whole
modes=()
for mode in ref avx2 openssl; do
  if "$peer" "$mode" </dev/null 2>"$tmp/why"; then modes+=("$mode"); else diag "$mode is left out: $(cat "$tmp/why")"; fi
done
"$node" "$work/noble.mjs" "$peer" 12 "$speed" "${modes[@]}"
