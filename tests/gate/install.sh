# `make install`: complete, independent of the cache and of the source tree, and movable.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
requires_command cmake readelf ldd

stage=$tmp/stage
ok "cmake --install" env DESTDIR="$stage" cmake --install "$WATTLE_BUILD" --prefix /opt/wattle
tree=$stage/opt/wattle
is "the program is there" "$([ -x "$tree/bin/wattle" ] && echo yes)" yes
is "every public header is there" "$(cd "$tree/include/wattle" && ls)" "$(cd "$WATTLE_SOURCE/include/wattle" && ls)"
is "a manual page for each command, and one for all" "$(cd "$tree/share/man/man1" && LC_ALL=C ls)" \
  "$({ echo wattle.1; "$wattle" help --format names | sed 's/ /-/g; s/.*/wattle-&.1/'; } | LC_ALL=C sort)"
if command -v mandoc >/dev/null; then
  is "they are clean" "$(mandoc -T lint -W warning "$tree"/share/man/man1/*.1 2>&1)" ''
fi
is "completion for bash" "$(cat "$tree/share/bash-completion/completions/wattle")" "$("$wattle" help --format bash)"
is "completion for zsh" "$(cat "$tree/share/zsh/site-functions/_wattle")" "$("$wattle" help --format zsh)"
is "the provider is there" "$([ -r "$tree/lib/wattle/wattle.so" ] && echo yes)" yes
is "settings for other programs" "$(cd "$tree/share/wattle" && find . -type f | LC_ALL=C sort)" \
  "$(cd "$WATTLE_SOURCE/dist" && find . -type f | sed 's/[.]in$//' | LC_ALL=C sort)"
is "they name this prefix, and nothing is left to fill in" "$(grep -rhE '@[a-z]+@' "$tree/share/wattle"; grep -h '^module' "$tree/share/wattle/openssl/wattle.cnf")" \
  "module = /opt/wattle/lib/wattle/wattle.so"
is "nothing outside the prefix" "$(cd "$stage" && find . -type f -not -path './opt/wattle/*')" ''

prefix=$(sed -n 's/^WATTLE_OPENSSL:[A-Z]*=//p' "$WATTLE_BUILD/CMakeCache.txt")
case $prefix in
  /usr|/usr/local) private=no; diag "this build uses the system's OpenSSL: there is none to carry" ;;
  *) private=yes ;;
esac

binaries() { find "$tree" -type f \( -path '*/bin/*' -o -name '*.so*' \) | LC_ALL=C sort; }
if [ "$private" = yes ]; then
  is "OpenSSL came along" "$(cd "$tree/lib/wattle" && ls)" "libcrypto.so.3"$'\n'"libssl.so.3"$'\n'"wattle.so"
  is "no file names the OpenSSL it was built with" "$(grep -rlF -- "$prefix" "$tree")" ''
fi
is "no file names the source tree" "$(grep -rlF -- "$WATTLE_SOURCE/" "$tree")" ''
while read -r file; do
  path=$(readelf -d "$file" | sed -nE 's/.*R(UN)?PATH.*\[(.*)\].*/\2/p')
  like "${file#"$tree/"}: looks for libraries from where it lies" "${path:-nowhere}" '^(nowhere|\$ORIGIN[^:]*)$'
done < <(binaries)

# The tree moves, and everything still finds its own OpenSSL there.
mv "$tree" "$tmp/moved"; tree=$tmp/moved
exits "the program runs from another place" 0 env -i "$tree/bin/wattle" version
if [ "$private" = yes ]; then
  while read -r file; do
    loaded=$(env -i ldd "$file" | awk '$1 ~ /^lib(crypto|ssl)\.so/ { print $3 }')
    for library in $loaded; do
      is "${file#"$tree/"} loads its own ${library##*/}" "$(realpath "$library")" "$(realpath "$tree")/lib/wattle/${library##*/}"
    done
  done < <(binaries)
fi

like "the provider loads from another place" "$("$openssl" list -providers -provider "$tree/lib/wattle/wattle.so" 2>&1)" 'name: Wattle'

# A program of somebody else, by pkg-config alone.
if command -v cc >/dev/null && command -v pkg-config >/dev/null; then
  printf '%s\n' '#include <stdio.h>' '#include <wattle/version.h>' 'int main(void) { puts(wtl_version()); return 0; }' >"$tmp/user.c"
  export PKG_CONFIG_PATH=$tree/lib/pkgconfig
  # shellcheck disable=SC2046
  ok "a program compiles and links by wattle.pc" cc -o "$tmp/user" "$tmp/user.c" $(pkg-config --cflags --libs wattle) "-Wl,-rpath,$tree/lib"
  is "and runs" "$(env -i "$tmp/user")" "$(pkg-config --modversion wattle)"
fi

if [ "$private" = yes ]; then
  mv "$tree/lib/wattle" "$tree/lib/gone"
  system=$(env -i PATH="$PATH" openssl version 2>/dev/null || echo none)
  case $system in
    "OpenSSL 3.5."*|"OpenSSL 3.6."*|"OpenSSL 4."*) skip "the system's own OpenSSL would do" ;;
    *) if env -i "$tree/bin/wattle" version >"$tmp/.out" 2>&1; then fail "without its OpenSSL it must not run on the system's ($system)" "$(cat "$tmp/.out")"
       else pass "without its OpenSSL it does not run on the system's ($system)"; fi ;;
  esac
fi
finish
