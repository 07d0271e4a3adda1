# wattle.so beside others in one process: OpenSSL's FIPS module, a program with a libcrypto of its own inside, Node.js.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
. "$WATTLE_SOURCE/tests/lib/noble.sh"
requires_command timeout
module=$WATTLE_BUILD/lib/wattle.so
[ -e "$module" ] || skip_all "$module is not built"
case $(sed -n 's/^WATTLE_SANITIZE:[A-Z]*=//p' "$WATTLE_BUILD/CMakeCache.txt") in
  '') ;;
  *) skip_all "an instrumented wattle.so does not load into a program that is not" ;;
esac
cd "$tmp" || exit 1
unset OPENSSL_CONF WATTLE_CPU OPENSSL_MODULES
counted() { grep -o " $1=[0-9]*" report 2>/dev/null | awk -F= '{ n += $2 } END { print n + 0 }'; }
forget() { : >report; }

# --- the FIPS module of Debian 13, which asks for nothing but the C library
if [ "$(uname -m)" = x86_64 ] && peer=$("$WATTLE_SOURCE/tools/fetch-peer" --suite trixie openssl-provider-fips 2>fetch) &&
  fips=$(find "$peer" -name fips.so) && "$openssl" fipsinstall -module "$fips" -out fipsmodule.cnf >install.log 2>&1; then
  beside() { # QUERY
    printf 'openssl_conf = init\n.include %s/fipsmodule.cnf\n[init]\nproviders = providers\nalg_section = algorithms\n[providers]\nfips = fips_sect\nbase = base_sect\nwattle = wattle_sect\n' "$tmp"
    printf '[fips_sect]\nmodule = %s\n[base_sect]\nactivate = 1\n[algorithms]\ndefault_properties = %s\n[wattle_sect]\nmodule = %s\nactivate = 1\nreport = %s/report\n' "$fips" "$1" "$module" "$tmp"
  }
  printf 'weights' >msg
  for row in '?provider=wattle|1' 'fips=yes|0' 'fips=yes,?provider=wattle|0'; do
    IFS='|' read -r query ours <<<"$row"
    beside "$query" >beside.cnf
    export OPENSSL_CONF=$tmp/beside.cnf
    forget
    ok "fips, base and wattle, query $query: they start" "$openssl" list -providers
    ok "  a key" "$openssl" genpkey -algorithm ML-DSA-65 -out key.pem
    ok "  a signature" "$openssl" pkeyutl -sign -rawin -inkey key.pem -in msg -out sig
    ok "  is right" "$openssl" pkeyutl -verify -rawin -inkey key.pem -in msg -sigfile sig
    is "  by $([ "$ours" = 1 ] && echo wattle || echo fips)" "$(counted mldsa-keygen)/$(counted mldsa-sign)/$(counted mldsa-verify)" "$ours/$ours/$ours"
    ok "  SHA-256 is the module's" "$openssl" dgst -sha256 msg
    unset OPENSSL_CONF
    ok "  default finds it right too" env OPENSSL_CONF=/dev/null "$openssl" pkeyutl -verify -rawin -inkey key.pem -in msg -sigfile sig
  done
  beside '?provider=wattle' >beside.cnf
  mkfifo silence && exec 9<>silence
  OPENSSL_CONF=/dev/null "$openssl" req -x509 -newkey ML-DSA-65 -nodes -keyout tls.key -out tls.pem -subj /CN=localhost -days 2 >/dev/null 2>&1
  for group in X25519MLKEM768 SecP256r1MLKEM768 MLKEM768; do
    forget; : >server.out
    OPENSSL_CONF=$tmp/beside.cnf "$openssl" s_server -accept 127.0.0.1:0 -naccept 1 -tls1_3 -cert tls.pem -key tls.key -groups $group <&9 >server.out 2>server.err &
    pid=$! port=
    for _ in $(seq 100); do port=$(sed -nE 's/^ACCEPT .*:([0-9]+)$/\1/p' server.out); [ -z "$port" ] || break; sleep 0.05; done
    OPENSSL_CONF=$tmp/beside.cnf timeout 20 "$openssl" s_client -connect "127.0.0.1:$port" -tls1_3 -groups $group -CAfile tls.pem -verify_return_error </dev/null >client.out 2>&1
    is "TLS 1.3 with fips and wattle: $group" "$?" 0
    kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null
    like "  its client was served by wattle" "$(counted hybrid-decaps)$(counted mlkem-decaps)" 1
  done
else
  skip "OpenSSL's FIPS module could not be had here: $(tail -n1 fetch install.log 2>/dev/null | tr '\n' ' ')"
fi

# --- a program with libcrypto inside
prefix=${openssl%/bin/openssl}
archive=$(find "$prefix" -name libcrypto.a 2>/dev/null | head -n 1)
if [ -n "$archive" ] && command -v cc >/dev/null; then
  # What the archive itself needs differs: Debian 13's wants zlib and zstd.
  others=$(PKG_CONFIG_PATH=$(dirname "$archive")/pkgconfig pkg-config --static --libs-only-l libcrypto | sed 's/-lcrypto//')
  for flags in '' -rdynamic; do
    ok "a program with OpenSSL's archive inside ${flags:+and its symbols shown }builds" \
      cc $flags -I"$prefix/include" -o static "$WATTLE_SOURCE/tests/interop/static_program.c" "$archive" $others -ldl -lpthread
    for round in 1 2 3; do
      forget
      exits "  it computes by wattle, round $round" 0 env REPORT="$tmp/report" ./static "${module%/*}"
      is "  and says so" "$out" "wattle: ML-DSA-65 signed and verified, X25519MLKEM768 agreed"
      is "  the counters too" "$(counted mldsa-sign)/$(counted mldsa-verify)/$(counted hybrid-encaps)/$(counted hybrid-decaps)" 1/1/1/1
    done
  done
  mkdir alone && cp "$module" alone/ && command -v patchelf >/dev/null && patchelf --remove-rpath alone/wattle.so
  exits "  where no libcrypto.so.3 of 3.5 is to be found, it goes on or refuses, and does not crash" "$(./static "$tmp/alone" >/dev/null 2>&1; rc=$?; [ $rc -le 1 ] && echo $rc || echo "not $rc")" ./static "$tmp/alone"
  diag "$out$err"
else
  skip "there is no libcrypto.a or no compiler here"
fi
finish
