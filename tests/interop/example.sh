# Somebody else's programs on an installed Wattle, by pkg-config alone: examples/*.c, as C and, their headers, as C++.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command cmake cc pkg-config
# A sanitized library would need its runtime in the example.
grep -q '^WATTLE_SANITIZE:[A-Z]*=.' "$WATTLE_BUILD/CMakeCache.txt" && skip_all "this build has sanitizers"

ok "Wattle is installed aside" env DESTDIR="$tmp/stage" cmake --install "$WATTLE_BUILD" --prefix /opt/wattle
tree=$tmp/stage/opt/wattle
export PKG_CONFIG_PATH=$tree/lib/pkgconfig
for name in verify_and_open sign_many session_check; do
  # shellcheck disable=SC2046
  ok "$name compiles and links by wattle.pc" \
    cc -std=c11 -Wall -Wextra -Werror -o "$tmp/$name" "$WATTLE_SOURCE/examples/$name.c" $(pkg-config --cflags --libs wattle) "-Wl,-rpath,$tree/lib"
done
if command -v c++ >/dev/null; then
  (cd "$tree/include" && for h in wattle/*.h; do printf '#include <%s>\n' "$h"; done) >"$tmp/all.cc"
  printf 'int main() { wtl_container_close(nullptr); return wtl_rc_exit(0); }\n' >>"$tmp/all.cc"
  # shellcheck disable=SC2046
  ok "every public header, and the reader, in a C++ program" \
    c++ -std=c++17 -Wall -Wextra -Werror -o "$tmp/all" "$tmp/all.cc" $(pkg-config --cflags --libs wattle) "-Wl,-rpath,$tree/lib"
  ok "it runs" env -i "$tmp/all"
else
  skip "there is no C++ compiler"
fi

wattle=$tree/bin/wattle
cd "$tmp" || exit 1
make_keys alice=X-Wing bob=X-Wing signer=ML-DSA-65 other=ML-DSA-65
make_model m
ok "a model is signed" "$wattle" sign m --key signer.key
ok "and sealed" "$wattle" seal m --to alice.pub --sign signer.key --out m.wtl
example() { env -i "$tmp/verify_and_open" "$@"; }
ok "the example reads a file" bash -c 'env -i ./verify_and_open m signer.pub m.wtl alice.key signer.pub weights.bin >copy'
ok "which is what was sealed" cmp copy m/weights.bin
exits "another signer" 1 example m other.pub m.wtl alice.key signer.pub weights.bin
exits "another sender" 5 example m signer.pub m.wtl alice.key other.pub weights.bin
exits "another recipient" 1 example m signer.pub m.wtl bob.key signer.pub weights.bin
exits "a file that is not inside" 2 example m signer.pub m.wtl alice.key signer.pub nothing
flip m.wtl $(($(stat -c %s m.wtl) / 2))
exits "a changed container" 1 example m signer.pub m.wtl alice.key signer.pub weights.bin
echo more >>m/config.json
exits "a changed model" 1 example m signer.pub m.wtl alice.key signer.pub weights.bin

seq 100 >requests
ok "a hundred lines are signed in one call" bash -c 'env -i ./sign_many signer.key signer.pub <requests >signatures'
is "each by its own signature" "$(sort -u signatures | wc -l) of $(head -n 1 signatures | tr -d '\n' | wc -c)" "100 of 6618"
exits "with another's key they do not verify" 1 bash -c 'env -i ./sign_many signer.key other.pub <requests'
exits "a public key does not sign" 2 bash -c 'env -i ./sign_many signer.pub signer.pub <requests'

ok "a set of keys is published" bash -c '"$1" token jwks signer.pub >jwks.json' - "$wattle"
token() { # AUDIENCE KEY: a token for an hour
  printf '{"iss":"example","sub":"user-7","aud":"%s","jti":"session-1"}' "$1" >claims.json
  "$wattle" token sign --key "$2" --claims claims.json --expires 1h 2>/dev/null
}
token api signer.key >token
token elsewhere signer.key >elsewhere
token api other.key >stranger
ok "the session check verifies once, and minds audience and logout" bash -c 'env -i ./session_check jwks.json api token elsewhere >talk'
like "it says so" "$(tail -n 1 talk)" "verified [34], hits 5, denied 1"
ok "another's token is none" bash -c 'env -i ./session_check jwks.json api token stranger >talk'
exits "nor is a token for another audience good" 1 bash -c 'env -i ./session_check jwks.json api elsewhere token >talk'
ok "the second request was refused" grep -q '^NOT GET /: 401' talk
finish
