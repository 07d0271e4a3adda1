# TLS servers of other makers, called by `wattle proxy client`: which group each takes, what it signs with, and whether a session is resumed, as the
# proxy's log says. nginx, HAProxy and PostgreSQL are in tls_services.sh.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
. "$WATTLE_SOURCE/tests/lib/daemon.sh"
. "$WATTLE_SOURCE/tests/lib/matrix.sh"
requires_command jq node timeout curl
cd "$tmp" || exit 1
row_section="TLS servers"

authority
leaf server localhost
hybrid=X25519MLKEM768 ecdsa=ecdsa_secp256r1_sha256
n=0
peer() { row_name=$1; [ $# -lt 2 ] || row_version=$2; n=$((n + 1)); }
ask() { answer=$("${by:-web}" "$(port_of "$1")" 2>&1); }
web() { timeout 20 curl -q -sS "http://127.0.0.1:$1/"; }
# One line to a server that sends everything back, and does not end the connection.
echoed() { local line; exec 5<>"/dev/tcp/127.0.0.1/$1" && echo "to and fro" >&5 && read -r -t 20 line <&5 && echo "$line"; exec 5>&-; }
# called PORT ANSWER(regex): the server at PORT, through a client side of the proxy; twice, one after the other.
called() {
  wait_for 20 listens "$1" || { fail "$row_name listens" "$(tail -n 3 serve.log)"; return 1; }
  proxy "p$n" client --listen 127.0.0.1:0 --connect "127.0.0.1:$1" --server-name localhost --ca ca.pem --workers 1 --control "p$n.sock" --state "p$n.pins" ||
    { fail "$row_name: the proxy starts" "$(cat "p$n.err")"; return 1; }
  mark "p$n"
  ask "p$n"
  like "$row_name answers" "$answer" "$2"
  ask "p$n"
}
# A classical server: told as a downgrade, and refused under pq-only.
refused() { # PORT
  is "  a downgrade that is told" "$(field "$(handshake "p$n" '.event == "tls.downgrade"')" wattle.reason)" peer-did-not-offer
  proxy "s$n" client --listen 127.0.0.1:0 --connect "127.0.0.1:$1" --server-name localhost --ca ca.pem --policy pq-only --workers 1 --control "s$n.sock" --state "s$n.pins" ||
    { fail "$row_name: the strict proxy starts" "$(cat "s$n.err")"; return; }
  mark "s$n"
  ask "s$n"
  ok "  no handshake under pq-only" wait_for 20 has_handshake "s$n"
  is "    which the log says" "$(handshakes "s$n" '.["tls.established"]')" ""
}
classical="classical, told as a downgrade; refused under pq-only"

if debian_peer curl nginx haproxy openssl redis-server redis-tools; then
  port=$(free_port)
  serve "$launch" openssl s_server -accept "127.0.0.1:$port" -cert server.pem -key server.key -www
  peer "openssl s_server" "$("$launch" openssl version | cut -d' ' -f2)"
  called "$port" 'Ciphers supported' && took "p$n" hybrid $hybrid $ecdsa no yes
else matrix_absent "openssl s_server" "$reason"; fi

old=$(command -v openssl || true)
if [ -n "$old" ] && "$old" version | grep -q '^OpenSSL 3[.]0'; then
  row_from="this system" port=$(free_port)
  serve "$old" s_server -accept "127.0.0.1:$port" -cert server.pem -key server.key -www
  peer "openssl s_server 3.0" "$("$old" version | cut -d' ' -f2)"
  called "$port" 'Ciphers supported' && took "p$n" "$classical" X25519 $ecdsa yes yes && refused "$port"
else matrix_absent "openssl s_server 3.0" "this system has no OpenSSL 3.0"; fi

if debian_peer gnutls-bin; then
  port=$(free_port)
  serve "$launch" gnutls-serv --http -p "$port" --x509certfile server.pem --x509keyfile server.key --disable-client-cert
  peer gnutls-serv "$("$launch" gnutls-serv --version | sed -n '1s/gnutls-serv //p')"
  called "$port" 'This is .*GnuTLS' && took "p$n" "$classical" X25519 $ecdsa yes yes && refused "$port"
else matrix_absent gnutls-serv "$reason"; fi

if debian_peer libnss3-tools; then
  mkdir nssdb
  "$openssl" pkcs12 -export -in server.pem -inkey server.key -name server -out server.p12 -passout pass:x
  "$launch" certutil -N -d sql:nssdb --empty-password && "$launch" pk12util -i server.p12 -d sql:nssdb -W x -K '' >/dev/null
  port=$(free_port)
  serve "$launch" selfserv -n server -p "$port" -d sql:nssdb -V tls1.3:tls1.3 -I mlkem768x25519,x25519 -u
  peer "NSS selfserv" "$(gunzip -c "$peer_root/usr/share/doc/libnss3-tools/changelog.Debian.gz" 2>/dev/null | sed -n '1s/.*(2:\([^)-]*\).*/\1/p')"
  called "$port" 'GET / HTTP' && took "p$n" hybrid $hybrid $ecdsa no yes
else matrix_absent "NSS selfserv" "$reason"; fi

if debian_peer botan; then
  port=$(free_port)
  serve "$launch" botan tls_server server.pem server.key --port="$port"
  peer "botan tls_server" "$("$launch" botan --version)"
  by=echoed
  called "$port" '^to and fro$' && took "p$n" hybrid $hybrid $ecdsa no yes
  by=
else matrix_absent "botan tls_server" "$reason"; fi

# prints_port: of a server that says where it listens
prints_port() { wait_for 20 grep -q : serve.log; sed -n 's/.*://p' serve.log; }
if go_peer; then
  serve "$go_tls" server server.pem server.key
  peer "Go crypto/tls"
  called "$(prints_port)" go-server && took "p$n" hybrid $hybrid $ecdsa no yes
else matrix_absent "Go crypto/tls" "$reason"; fi
if awslc_peer; then
  serve "$awslc_tls" server server.pem server.key
  peer AWS-LC
  called "$(prints_port)" awslc-server && took "p$n" hybrid $hybrid $ecdsa no yes
else matrix_absent AWS-LC "$reason"; fi
if node_peer; then
  serve "$node26" "$WATTLE_SOURCE/tests/interop/node_tls.mjs" server server.pem server.key
  peer node
  called "$(prints_port)" node-server && took "p$n" hybrid $hybrid $ecdsa no yes
else matrix_absent node "$reason"; fi
matrix_finish
