# Tokens against npm jose, both ways; it installs into the build folder.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/../lib/noble.sh"
noble_ready token.mjs
noble_needs 'crypto.generateKeyPairSync("ml-dsa-44")' "ML-DSA in Node's crypto"
cd "$tmp" || exit 1
"$node" "$work/token.mjs" "$wattle" "${WATTLE_VECTORS:-}"
