# JWK against npm jose and Node's own crypto; they install into the build folder.
source "$(dirname "$0")/../lib/tap.sh"
source "$(dirname "$0")/../lib/noble.sh"
noble_ready jose.mjs peer.mjs
noble_needs 'crypto.generateKeyPairSync("ml-dsa-44")' "ML-DSA in Node's crypto"
cd "$tmp" || exit 1
"$node" "$work/jose.mjs" "$wattle" "${WATTLE_VECTORS:-}"
