# TLS clients of other makers through `wattle proxy server`: which group each negotiates, with which signature, and whether it resumes, as the
# proxy's log says.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
. "$WATTLE_SOURCE/tests/lib/daemon.sh"
. "$WATTLE_SOURCE/tests/lib/matrix.sh"
requires_command jq node timeout
cd "$tmp" || exit 1
row_section="TLS clients"

authority
leaf ecdsa localhost
# The same name with an ML-DSA-65 key.
"$openssl" req -newkey ML-DSA-65 -nodes -keyout mldsa.key -out mldsa.csr -subj /CN=localhost >/dev/null 2>&1
"$openssl" x509 -req -in mldsa.csr -CA ca.pem -CAkey ca.key -days 20 -extfile ecdsa.ext -out mldsa.pem >/dev/null 2>&1
chmod 600 mldsa.key

# What lies behind says how it was asked. A browser is led to further connections, one after the other: there it can resume.
cat >upstream.mjs <<'JS'
import http from 'node:http'
import fs from 'node:fs'
const more = '<script>let n = 0; const i = new Image(); i.onload = () => { if (++n < 5) i.src = "/image" + n }; i.src = "/image0"; document.body.append(i)</script>'
const server = http.createServer((q, a) => {
  const image = q.url.startsWith('/image')
  a.setHeader('connection', 'close')
  a.setHeader('content-type', image ? 'image/svg+xml' : 'text/html')
  a.end(image ? '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>' : `<p>wattle-upstream ${q.method} ${q.url}</p>${q.url === '/browser' ? more : ''}\n`)
})
server.listen(0, '127.0.0.1', () => fs.writeFileSync('upstream.new', String(server.address().port)) ?? fs.renameSync('upstream.new', 'upstream.port'))
JS
background node upstream.mjs
wait_for 20 test -s upstream.port

common=(--listen 127.0.0.1:0 --connect "127.0.0.1:$(cat upstream.port)" --cert ecdsa.pem --key ecdsa.key --cert mldsa.pem --key mldsa.key)
proxy preferred server "${common[@]}" --control preferred.sock --state none1 || fail "the proxy starts" "$(cat preferred.err)"
proxy strict server "${common[@]}" --policy pq-only --control strict.sock --state none2 || fail "the strict proxy starts" "$(cat strict.err)"
port=$(port_of preferred) strict=$(port_of strict)
hybrid=X25519MLKEM768 ecdsa=ecdsa_secp256r1_sha256

peer() { row_name=$1; [ $# -lt 2 ] || row_version=$2; mark preferred; mark strict; }
says_upstream() { like "$row_name gets its answer" "$answer" 'wattle-upstream GET'; }
# A classical client: a downgrade that is told, and under pq-only a refusal that tells what was offered.
refused() {
  local e
  e=$(handshake preferred '.event == "tls.downgrade"')
  is "  a downgrade that is told" "$(field "$e" wattle.reason)" "peer-did-not-offer"
  wait_for 20 has_handshake strict || { fail "$row_name: the strict proxy tells of a refusal"; return; }
  e=$(handshake strict)
  is "  refused under pq-only" "$(field "$e" wattle.outcome)" refused
  like "    the groups that it offered are told" "$(field "$e" wattle.offered_groups)" '(^|:)X25519(:|$)'
}
printf 'GET /request HTTP/1.0\r\n\r\n' >request
classical="classical, told as a downgrade; refused under pq-only"

if debian_peer curl nginx haproxy openssl redis-server redis-tools; then
  peer curl "$("$launch" curl --version | sed -n '1s/curl \([^ ]*\).* \(OpenSSL\)[/ ]\([^ ]*\).*/\1, \2 \3/p')"
  try "$launch" curl -q -sS --cacert ca.pem "https://localhost:$port/a" "https://localhost:$port/b"
  says_upstream
  took preferred hybrid $hybrid mldsa65 no yes
  peer "openssl s_client, classical share first" "$("$launch" openssl version | cut -d' ' -f2)"
  s_client=("$launch" openssl s_client -connect "localhost:$port" -CAfile ca.pem -groups X25519:X25519MLKEM768 -sigalgs ecdsa_secp256r1_sha256 -quiet)
  try "${s_client[@]}" -ign_eof -sess_out session <request
  says_upstream
  "${s_client[@]}" -ign_eof -sess_in session <request >/dev/null 2>&1
  took preferred hybrid $hybrid $ecdsa yes yes
else matrix_absent "curl, openssl s_client" "$reason"; fi

# OpenSSL 3.0, where this system has it: what a classical peer meets.
old=$(command -v openssl || true)
if [ -n "$old" ] && "$old" version | grep -q '^OpenSSL 3[.]0'; then
  row_from="this system"
  peer "openssl s_client 3.0" "$("$old" version | cut -d' ' -f2)"
  s_client=("$old" s_client -CAfile ca.pem -quiet)
  try "${s_client[@]}" -ign_eof -connect "localhost:$port" -sess_out session3 <request
  says_upstream
  "${s_client[@]}" -ign_eof -connect "localhost:$port" -sess_in session3 <request >/dev/null 2>&1
  timeout 30 "${s_client[@]}" -connect "localhost:$strict" </dev/null >/dev/null 2>&1
  took preferred "$classical" X25519 $ecdsa no yes
  refused
else matrix_absent "openssl s_client 3.0" "this system has no OpenSSL 3.0"; fi

if debian_peer gnutls-bin; then
  peer gnutls-cli "$("$launch" gnutls-cli --version | sed -n '1s/gnutls-cli //p')"
  try "$launch" gnutls-cli --x509cafile ca.pem --resume --waitresumption -p "$port" localhost <request
  says_upstream
  timeout 30 "$launch" gnutls-cli --x509cafile ca.pem -p "$strict" localhost </dev/null >/dev/null 2>&1
  took preferred "$classical" X25519 $ecdsa no yes
  refused
else matrix_absent gnutls-cli "$reason"; fi

nss=
if debian_peer libnss3-tools; then
  nss=$launch
  mkdir nssdb
  "$nss" certutil -N -d sql:nssdb --empty-password && "$nss" certutil -A -d sql:nssdb -n ca -t C,, -i ca.pem
  peer "NSS tstclnt" "$(gunzip -c "$peer_root/usr/share/doc/libnss3-tools/changelog.Debian.gz" 2>/dev/null | sed -n '1s/.*(2:\([^)-]*\).*/\1/p')"
  # Its input is a file: at the end of a pipe it would turn for ever.
  try "$nss" tstclnt -4 -h localhost -p "$port" -d sql:nssdb -V tls1.3:tls1.3 -I mlkem768x25519,x25519 -L 2 -A request
  says_upstream
  took preferred hybrid $hybrid $ecdsa no yes
else matrix_absent "NSS tstclnt" "$reason"; fi

if debian_peer botan; then
  peer "botan tls_client" "$("$launch" botan --version)"
  mkfifo botan.in
  # It ends with its input, so that stays open; the answer's end is the connection's.
  for _ in 1 2; do
    exec 7<>botan.in
    cat request >&7
    try "$launch" botan tls_client localhost --port="$port" --trusted-cas=ca.pem --tls-version=1.3 --session-db=botan.db --session-db-pass=x <botan.in
    exec 7>&-
  done
  says_upstream
  took preferred hybrid $hybrid $ecdsa yes yes
else matrix_absent "botan tls_client" "$reason"; fi

if go_peer; then
  peer "Go crypto/tls"
  try "$go_tls" client "$port" ca.pem
  says_upstream
  took preferred hybrid $hybrid $ecdsa no yes
  try "$go_tls" client "$strict" ca.pem
  like "  under pq-only too" "$answer" 'wattle-upstream GET'
  is "    with the hybrid group" "$(wait_for 20 has_handshake strict; field "$(handshake strict)" tls.curve)" $hybrid
else matrix_absent "Go crypto/tls" "$reason"; fi

if awslc_peer; then
  peer AWS-LC
  try "$awslc_tls" client "$port" ca.pem
  says_upstream
  took preferred hybrid $hybrid $ecdsa no yes
else matrix_absent AWS-LC "$reason"; fi

if node_peer; then
  peer node
  try "$node26" "$WATTLE_SOURCE/tests/interop/node_tls.mjs" client "$port" ca.pem
  says_upstream
  took preferred hybrid $hybrid mldsa65 no yes
else matrix_absent node "$reason"; fi

if own_suite_peer chromium; then
  chromium=(env "LD_LIBRARY_PATH=$libraries" "$peer_root/usr/lib/chromium/chromium")
  peer Chromium "$("${chromium[@]}" --version 2>/dev/null | awk '{ print $2 }')"
  try "${chromium[@]}" --headless --no-sandbox --disable-gpu --disable-background-networking --user-data-dir="$tmp/chromium" \
    --ignore-certificate-errors --dump-dom "https://localhost:$port/browser"
  says_upstream
  took preferred hybrid $hybrid mldsa65 no yes
else matrix_absent Chromium "$reason"; fi

if [ -n "$nss" ] && own_suite_peer firefox-esr; then
  mkdir firefox
  "$nss" certutil -N -d sql:firefox --empty-password && "$nss" certutil -A -d sql:firefox -n ca -t C,, -i ca.pem
  peer Firefox "$(sed -n 's/^Version=//p' "$peer_root/usr/lib/firefox-esr/application.ini")"
  try env "HOME=$tmp" "LD_LIBRARY_PATH=$libraries" "$peer_root/usr/lib/firefox-esr/firefox-esr" --headless --no-remote --profile "$tmp/firefox" \
    --screenshot "$tmp/firefox.png" "https://localhost:$port/browser"
  ok "Firefox draws the page" test -s firefox.png
  took preferred hybrid $hybrid $ecdsa no yes
elif [ -z "$nss" ]; then matrix_absent Firefox "no certutil of NSS to tell it of the authority"
else matrix_absent Firefox "$reason"; fi
matrix_finish
