# tools/setup where it can do nothing: it says what is missing, and make stops there. (tools/try-fresh tries the rest.)
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
setup=$WATTLE_SOURCE/tools/setup
export XDG_CACHE_HOME=$tmp/cache
unset WATTLE_OPENSSL

exits "an OpenSSL that the user names is taken" 0 env WATTLE_OPENSSL=/opt/mine "$setup" --print-openssl
is "as it is" "$out" /opt/mine
exits "WATTLE_NO_SETUP does nothing and is content" 0 env WATTLE_NO_SETUP=1 "$setup"
exits "an unknown option is refused" 1 "$setup" --everything
says "and named" "unknown option '--everything'"

printf 'ID=fedora\nVERSION_ID=44\n' >"$tmp/os-release"
exits "a system that is not Debian is refused" 1 env WATTLE_OS_RELEASE="$tmp/os-release" "$setup" --build
says "by name" "'fedora:44'"
says "with what to install" 'OpenSSL >= 3\.5\.7 with headers'
says "and how to go on" 'WATTLE_NO_SETUP=1 make'

version=$(pkg-config --modversion libcrypto 2>/dev/null || echo 0)
if printf '%s\n%s\n' 3.5.7 "$version" | sort -VC; then
  skip "the system's OpenSSL is new enough: nothing would be built"
else
  exits "no OpenSSL and no leave to build one" 1 env WATTLE_NO_SETUP=1 "$setup" --print-openssl
  says "tells how to name one" 'WATTLE_OPENSSL=PREFIX'
  is "and prints no prefix" "$out" ''
  mkdir -p "$tmp/w"
  cp -r "$WATTLE_SOURCE"/{Makefile,tools} "$tmp/w/"
  exits "make stops there" 2 env WATTLE_NO_SETUP=1 make -C "$tmp/w" all
  is "before CMake" "$(ls "$tmp/w/build")" ''
  # A cache made by another recipe is not taken, and not touched.
  recipe=$(sed -nE 's/^readonly openssl_recipe=([0-9]+).*/\1/p' "$setup")
  built=$tmp/cache/wattle/openssl-recipe$recipe
  for other in openssl "openssl-recipe$((recipe - 1))" "openssl-recipe$((recipe + 1))"; do
    mkdir -p "$tmp/cache/wattle/$other"
    echo 3.5.7 >"$tmp/cache/wattle/$other/complete"
  done
  exits "an OpenSSL of another recipe is not taken" 1 env WATTLE_NO_SETUP=1 "$setup" --print-openssl
  mkdir -p "$built"
  exits "nor one that is not complete" 1 env WATTLE_NO_SETUP=1 "$setup" --print-openssl
  echo 3.5.7 >"$built/complete"
  exits "one of this recipe is" 0 env WATTLE_NO_SETUP=1 "$setup" --print-openssl
  is "from the cache" "$out" "$built"
  echo 3.5.6 >"$built/complete"
  exits "one that is too old is not" 1 env WATTLE_NO_SETUP=1 "$setup" --print-openssl
fi
finish
