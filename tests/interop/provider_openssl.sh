# OpenSSL's own command with wattle.so, by openssl.cnf alone: keys, certificates, CMS, and TLS 1.3 with each ML-DSA, in which wattle's
# counters say who served it.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
requires_command timeout
module=$WATTLE_BUILD/lib/wattle.so
[ -e "$module" ] || skip_all "$module is not built"
case $(sed -n 's/^WATTLE_SANITIZE:[A-Z]*=//p' "$WATTLE_BUILD/CMakeCache.txt") in
  '') ;;
  *) skip_all "an instrumented wattle.so does not load into a program that is not" ;;
esac
cd "$tmp" || exit 1
unset OPENSSL_CONF WATTLE_CPU

conf() { # FILE QUERY [LINE...]: default and wattle
  local file=$1 query=$2; shift 2
  {
    printf 'openssl_conf = init\n[init]\nproviders = providers\nalg_section = algorithms\n[providers]\ndefault = default_sect\nwattle = wattle_sect\n'
    printf '[default_sect]\nactivate = 1\n[algorithms]\ndefault_properties = %s\n[wattle_sect]\nmodule = %s\nactivate = 1\n' "$query" "$module"
    printf '%s\n' "$@"
  } >"$file"
}
conf ours.cnf '?provider=wattle' "report = $tmp/report"
conf errors.cnf '?provider=wattle' 'report = stderr'
conf broken.cnf '?provider=wattle' 'cpu = fastest'
with() { local c=$1; shift; OPENSSL_CONF=$c "$openssl" "$@"; }
ours() { with "$tmp/ours.cnf" "$@"; }
plain() { OPENSSL_CONF=/dev/null "$openssl" "$@"; }
# counted NAME: how often it was done, in all processes since the last `forget`.
counted() { grep -o " $1=[0-9]*" "$tmp/report" 2>/dev/null | awk -F= '{ n += $2 } END { print n + 0 }'; }
forget() { : >"$tmp/report"; }
at_least() { if [ "$2" -ge "$3" ]; then pass "$1"; else fail "$1" "$2, wanted $3 or more"; fi; }

like "the provider is active" "$(ours list -providers 2>&1)" 'name: Wattle'
for n in 44 65 87; do
  forget
  ok "ML-DSA-$n: genpkey" ours genpkey -algorithm ML-DSA-$n -out k$n.pem
  is "ML-DSA-$n: by wattle" "$(counted mldsa-keygen)" 1
  ok "ML-DSA-$n: default reads the key" plain pkey -in k$n.pem -check -noout
  is "ML-DSA-$n: both write the same public key" "$(ours pkey -in k$n.pem -pubout)" "$(plain pkey -in k$n.pem -pubout)"
  printf 'weights' >msg
  forget
  ok "ML-DSA-$n: sign" ours pkeyutl -sign -rawin -inkey k$n.pem -in msg -out sig$n
  is "ML-DSA-$n: by wattle" "$(counted mldsa-sign)" 1
  ok "ML-DSA-$n: default verifies" plain pkeyutl -verify -rawin -inkey k$n.pem -in msg -sigfile sig$n
  ok "ML-DSA-$n: default signs" plain pkeyutl -sign -rawin -inkey k$n.pem -in msg -out sig$n
  forget
  ok "ML-DSA-$n: wattle verifies" ours pkeyutl -verify -rawin -inkey k$n.pem -in msg -sigfile sig$n
  is "ML-DSA-$n: by wattle" "$(counted mldsa-verify)" 1
  ok "ML-DSA-$n: self-signed certificate" ours req -x509 -new -key k$n.pem -subj "/CN=root $n" -addext basicConstraints=critical,CA:TRUE -days 2 -out root$n.pem
  ok "ML-DSA-$n: key of a leaf" ours genpkey -algorithm ML-DSA-$n -out leaf$n.key
  ok "ML-DSA-$n: its request" ours req -new -key leaf$n.key -subj /CN=localhost -out leaf$n.csr
  ok "ML-DSA-$n: its certificate" ours x509 -req -in leaf$n.csr -CA root$n.pem -CAkey k$n.pem -days 2 -out leaf$n.pem
  forget
  ok "ML-DSA-$n: wattle verifies the chain" ours verify -CAfile root$n.pem leaf$n.pem
  at_least "ML-DSA-$n: by wattle" "$(counted mldsa-verify)" 1
  ok "ML-DSA-$n: default verifies the chain" plain verify -CAfile root$n.pem leaf$n.pem
  forget
  ok "ML-DSA-$n: CMS" ours cms -sign -md sha512 -in msg -binary -nodetach -signer leaf$n.pem -inkey leaf$n.key -outform DER -out msg$n.cms
  at_least "ML-DSA-$n: signed by wattle" "$(counted mldsa-sign)" 1
  ok "ML-DSA-$n: default verifies the CMS" plain cms -verify -inform DER -in msg$n.cms -CAfile root$n.pem -purpose any -out /dev/null
  ok "ML-DSA-$n: wattle verifies the CMS" ours cms -verify -inform DER -in msg$n.cms -CAfile root$n.pem -purpose any -out /dev/null
  ok "ML-DSA-$n: PKCS#12" ours pkcs12 -export -in leaf$n.pem -inkey leaf$n.key -passout pass:x -out leaf$n.p12
  is "ML-DSA-$n: holds the key" "$(ours pkcs12 -in leaf$n.p12 -passin pass:x -nodes -nocerts 2>/dev/null | plain pkey -pubout)" "$(plain pkey -in leaf$n.key -pubout)"
done

# s_server ends a connection when its input ends: it gets one that never does.
mkfifo silence && exec 9<>silence
# server CONF ARGUMENTS...: s_server on a port of its own choice, in $port; gone after one connection.
server() {
  local c=$1; shift
  : >server.out # the last one's port is in it
  OPENSSL_CONF=$c timeout 60 "$openssl" s_server -accept 127.0.0.1:0 -naccept 1 -tls1_3 "$@" <&9 >server.out 2>server.err &
  server_pid=$!
  local i
  for i in $(seq 100); do
    port=$(sed -nE 's/^ACCEPT .*:([0-9]+)$/\1/p' server.out)
    [ -z "$port" ] || return 0
    sleep 0.05
  done
  kill "$server_pid" 2>/dev/null
  return 1
}
client() { local c=$1; shift; OPENSSL_CONF=$c timeout 20 "$openssl" s_client -connect "127.0.0.1:$port" -servername localhost -tls1_3 "$@" </dev/null >client.out 2>&1; }
# handshake NAME SERVER-CONF CLIENT-CONF N SERVER-ARGUMENTS -- CLIENT-ARGUMENTS
handshake() {
  local name=$1 sconf=$2 cconf=$3 n=$4; shift 4
  local s=()
  while [ "$1" != -- ]; do s+=("$1"); shift; done; shift
  forget
  if ! server "$sconf" -cert leaf$n.pem -key leaf$n.key "${s[@]+"${s[@]}"}"; then fail "$name" "no server" "$(cat server.err)"; return; fi
  client "$cconf" -CAfile root$n.pem -verify_return_error "$@"; local rc=$?
  wait "$server_pid"
  if [ "$rc" -eq 0 ] && grep -q 'Verify return code: 0 (ok)' client.out; then pass "$name"; else fail "$name" "exit $rc" "$(tail -n 20 client.out)" "$(tail -n 5 server.err)"; fi
}

for n in 44 65 87; do
  for pair in 'ours ours' 'ours plain' 'plain ours'; do
    set -- $pair
    sconf=$tmp/$1.cnf cconf=$tmp/$2.cnf
    : >plain.cnf
    handshake "TLS 1.3, ML-DSA-$n: server $1, client $2" "$sconf" "$cconf" $n --
    like "the certificate's scheme is mldsa$n" "$(cat client.out)" "(Peer signature type|signature type): *(mldsa$n|id-ml-dsa-$n|ML-DSA-$n)"
    [ "$1" = plain ] || is "wattle signed the handshake" "$(counted mldsa-sign)" 1
    [ "$2" = plain ] || at_least "wattle verified handshake and certificate" "$(counted mldsa-verify)" 2
    [ "$1 $2" != 'ours ours' ] || is "each process reported once" "$(grep -c '^wattle pid=[0-9]* program=openssl cpu=' report)" 2
  done
  handshake "TLS 1.3, ML-DSA-$n: a client certificate too" "$tmp/ours.cnf" "$tmp/ours.cnf" $n -Verify 1 -CAfile root$n.pem -verify_return_error -- \
    -cert leaf$n.pem -key leaf$n.key
  is "wattle signed for both" "$(counted mldsa-sign)" 2
  at_least "and verified for both" "$(counted mldsa-verify)" 4
done

# What a person sees who got it wrong.
with "$tmp/errors.cnf" genpkey -algorithm ML-DSA-44 -out /dev/null 2>shown
like "report = stderr" "$(cat shown)" '^wattle pid=[0-9]+ program=openssl cpu=[a-z0-9]+ .* mldsa-keygen=1 '
with "$tmp/broken.cnf" list -providers >shown 2>&1
like "OpenSSL goes on without a provider that refuses, and says nothing: docs/design/provider.md" "$(cat shown)" 'OpenSSL Default Provider'
like "a wrong level is named" "$(WATTLE_CPU=fastest "$openssl" list -providers -provider-path "$WATTLE_BUILD/lib" -provider wattle 2>&1)" \
  'it may be auto, ref, shani, avx2 or avx512'
system=$(command -v openssl || true)
case $(env -u LD_LIBRARY_PATH "${system:-false}" version 2>/dev/null) in
  'OpenSSL 3.'[0-4].*)
    like "OpenSSL before 3.5 is refused with words" "$("$system" list -providers -provider-path "$WATTLE_BUILD/lib" -provider wattle 2>&1)" 'needs OpenSSL 3.5 or later, and this is OpenSSL 3\.[0-4]' ;;
  *) skip "no OpenSSL before 3.5 is installed" ;;
esac
finish
