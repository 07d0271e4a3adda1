#!/usr/bin/env bash
# Certificates in use: volumes that are swapped under the proxy, OCSP responses, expiry, compression, tickets' settings, and connections kept ready.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
. "$(dirname "$0")/../lib/tls.sh"
requires_command jq curl
authority; root other P-256; echo_server
up="connect = 127.0.0.1:$echo_port"

# --- OCSP responses. ocsp NAME OUT STATUS WORDS...: by the authority (CA=), V is good, R revoked
ocsp() {
  local ca=$tmp/${CA:-ca} serial
  serial=$("$openssl" x509 -in "$tmp/$1.pem" -noout -serial | sed 's/.*=//')
  printf '%s\t401231235959Z\t%s\t%s\tunknown\t/CN=%s\n' "$3" "$([ "$3" = V ] || echo 200101000000Z)" "$serial" "$1" >"$tmp/index.txt"
  "$openssl" ocsp -issuer "$tmp/ca.pem" -cert "$tmp/$1.pem" -no_nonce -reqout "$tmp/req.der" >/dev/null 2>&1
  "$openssl" ocsp -index "$tmp/index.txt" -CA "$tmp/ca.pem" -rsigner "$ca.pem" -rkey "$ca.key" -reqin "$tmp/req.der" -respout "$tmp/$2" "${@:4}" >"$tmp/ocsp.log" 2>&1
}
identity stapled P-256; cat "$tmp/ca.pem" >>"$tmp/stapled.pem"
identity plain ML-DSA-65
ocsp stapled good.der V -ndays 7
ocsp stapled soon.der V -nmin 1
made=$SECONDS
ocsp plain foreign.der V -ndays 7
ocsp stapled revoked.der R -ndays 7
CA=other ocsp stapled forged.der V -ndays 7
head -c 100 "$tmp/good.der" >"$tmp/cut.der"
begin staple
id=("cert = stapled.pem, plain.pem" "key = stapled.key, plain.key")
service staple good server "$up" "${id[@]}" "staple = good.der"
service staple soon server "$up" "${id[@]}" "staple = soon.der"
ok "a server with OCSP responses" begun staple
shown() { dial staple "$1" -status -sigalgs "${2:-ecdsa_secp256r1_sha256}"; printf '%s' "$answer" | grep -oE 'OCSP response: no response sent|Cert Status: [a-z]+' | head -n 1; }
is "a client that asks gets it" "$(shown good)" "Cert Status: good"
is "  with that certificate alone" "$(shown good mldsa65)" "OCSP response: no response sent"
is "one that is good for a minute" "$(shown soon)" "Cert Status: good"
refuses() { exits "$1" "$2" "$proxyd" server --listen 127.0.0.1:0 --connect 127.0.0.1:1 --cert "$tmp/stapled.pem" --key "$tmp/stapled.key" --staple "$tmp/$3"; says "  and why" "$4"; }
refuses "one about another certificate is refused" 4 foreign.der 'about another certificate'
refuses "one that says revoked" 5 revoked.der 'revoked'
refuses "one of another authority" 1 forged.der 'not signed for'
refuses "half of one" 4 cut.der 'OCSP response in DER'
exits "one without a certificate for it" 2 "$proxyd" server --listen 127.0.0.1:0 --connect 127.0.0.1:1 --cert "$tmp/plain.pem" --key "$tmp/plain.key" --staple "$tmp/good.der" --staple "$tmp/good.der"
cp "$tmp/revoked.der" "$tmp/good.der"
kill -HUP "$(pid_of staple)"
ok "a reload with one that says revoked is refused" wait_for 20 logged staple 'refused.*revoked'
is "  the old one stays" "$(shown good)" "Cert Status: good"
ocsp stapled good.der V -ndays 3

# --- a volume as Kubernetes mounts it: ..data is a link to a folder, and is replaced by rename
volume() { mkdir "$tmp/vol/$1"; cp -p "$tmp/$2.pem" "$tmp/vol/$1/tls.crt"; cp -p "$tmp/$2.key" "$tmp/vol/$1/tls.key"; }
mkdir "$tmp/vol"
identity one P-256 "" one; identity two P-256 "" two; identity three P-256 "" three
volume ..1 one; volume ..2 two
ln -s ..1 "$tmp/vol/..data"; ln -s ..data/tls.crt "$tmp/vol/tls.crt"; ln -s ..data/tls.key "$tmp/vol/tls.key"
begin volume "metrics = 127.0.0.1:0"
sed -i 's/^watch = 0/watch = 200ms/' "$tmp/volume.ini"
service volume web server "$up" "cert = vol/tls.crt" "key = vol/tls.key"
ok "a server with a volume of links" begun volume
begin hold
service hold in client "connect = 127.0.0.1:$(at volume web)" "server-name = localhost" "pin = one.pub, two.pub, three.pub"
ok "a client beside it" begun hold
mkfifo "$tmp/stop"
"$peer" hold "$(at hold in)" 50 <"$tmp/stop" >"$tmp/hold" & held=$!
exec 9>"$tmp/stop"
ok "50 connections are up" wait_for 30 grep -q running "$tmp/hold"
subject() { "$openssl" s_client -connect "127.0.0.1:$(at volume web)" </dev/null 2>/dev/null | "$openssl" x509 -noout -subject; }
shows() { [ "$(subject)" = "subject=CN=$1" ]; }
is "the first certificate" "$(subject)" "subject=CN=one"
ln -s ..2 "$tmp/vol/..tmp"; mv -T "$tmp/vol/..tmp" "$tmp/vol/..data"; rm -r "$tmp/vol/..1"
ok "the link is swapped: the second, by itself" wait_for 30 shows two
is "  certificate and key were never mixed" "$(grep -c refused "$tmp/volume.log")" 0
pages=http://127.0.0.1:$(port_of volume '"metrics"')
gauges() { curl -s "$pages/metrics" | sed -n 's/^x509_cert_not_after_timestamp_seconds.*subject="\([^"]*\)".*/\1/p' | tr '\n' ' '; }
is "the gauge is that of the certificate in use" "$(gauges)" "CN=two "
volume ..3 three; echo garbage >"$tmp/vol/..3/tls.key"
ln -s ..3 "$tmp/vol/..tmp"; mv -T "$tmp/vol/..tmp" "$tmp/vol/..data"
ok "a wrong one is refused" wait_for 30 logged volume 'refused.*tls.key'
is "  nothing changes" "$(subject) $(gauges)" "subject=CN=two CN=two "
cp -p "$tmp/three.key" "$tmp/vol/..3/tls.new"; mv "$tmp/vol/..3/tls.new" "$tmp/vol/..3/tls.key"
ok "  until it is mended by a rename over it" wait_for 30 shows three
is "  the gauge follows" "$(gauges)" "CN=three "
kill -0 "$held" && pass "the connections still run" || fail "the connections still run" "$(cat "$tmp/hold")"
exec 9>&-
wait "$held"; is "none was dropped" $? 0
kill -TERM "$(pid_of hold)"; kill -TERM "$(pid_of volume)"

# --- expiry
identity week P-256 "" week 5; identity month ML-DSA-65 "" month 20; identity year P-384 "" year 300
begin expiry "metrics = 127.0.0.1:0"
sed -i 's/^workers = 1/workers = 2/' "$tmp/expiry.ini"
service expiry a server "$up" "cert = week.pem, month.pem" "key = week.key, month.key"
service expiry b server "$up" "cert = year.pem, month.pem" "key = year.key, month.key"
ok "certificates that expire" begun expiry
expiry() { jq -r 'select(.event == "wattle.certificate.expiry") | "\(.["service.name"]) \(.severity) \(.message)"' "$tmp/expiry.log" | sed "s|$tmp/||g; s/in 5 days/in 4 days/; s/in 20 days/in 19 days/" | sort; }
ok "are told of" wait_for 10 test -n "$(wait_for 10 logged expiry 'wattle.certificate.expiry.*month.*' && expiry)"
three_lines() { [ "$(expiry | wc -l)" -eq 3 ]; }
wait_for 10 three_lines
is "each once, not by each worker; what is far away is not" "$(expiry)" "a ERROR the certificate week.pem (CN=week) expires in 4 days
a WARN the certificate month.pem (CN=month) expires in 19 days
b WARN the certificate month.pem (CN=month) expires in 19 days"
pages=http://127.0.0.1:$(port_of expiry '"metrics"')
gauge=$(curl -s "$pages/metrics" | grep 'x509_cert_not_after.*service="b".*year')
like "the gauge is named by service, path, algorithm and subject" "$gauge" 'path="[^"]*/year.pem",algorithm="ECDSA-P384",subject="CN=year"'
is "  and has the date" "$(printf '%.0f' "${gauge##* }")" "$(date -ud "$("$openssl" x509 -in "$tmp/year.pem" -noout -enddate | sed 's/.*=//')" +%s)"
kill -TERM "$(pid_of expiry)"

# --- compression (RFC 8879)
identity long P-256; CA=ca identity short ML-DSA-65
cat "$tmp/ca.pem" >>"$tmp/long.pem"; cat "$tmp/ca.pem" >>"$tmp/short.pem"
begin compress
service compress yes server "$up" "cert = long.pem, short.pem" "key = long.key, short.key" "compress = yes"
service compress no server "$up" "cert = long.pem, short.pem" "key = long.key, short.key"
if "$openssl" list -disabled | grep -qi '^zlib'; then
  exits "compression where OpenSSL has no zlib" 2 "$proxyd" run --config "$tmp/compress.ini"
  says "  is refused, and why" 'without zlib'
else
  ok "a server that compresses certificates" begun compress
  bytes() { dial compress "$1" -msg -sigalgs "$2" "${@:3}"; read=$(printf '%s' "$answer" | sed -n 's/^SSL handshake has read \([0-9]*\) bytes.*/\1/p'); }
  compressed() { printf '%s' "$answer" | grep -qiE 'CompressedCertificate|Compressed Certificate'; }
  bytes no ecdsa_secp256r1_sha256; plain=$read
  ok "as they are without the option" eval '! compressed'
  bytes yes ecdsa_secp256r1_sha256 -no_rx_cert_comp
  ok "  and for a client that cannot" eval '! compressed'
  bytes yes ecdsa_secp256r1_sha256
  ok "  compressed for one that can" compressed
  ok "  which saves a hundred bytes of an ECDSA chain" test "$((read + 100))" -lt "$plain"
  diag "leaf and root of ECDSA: $plain bytes from the server, $read with compression"
  bytes no mldsa65; plain=$read
  bytes yes mldsa65
  is "  and nothing of an ML-DSA leaf: OpenSSL leaves it as it is" "$read" "$plain"
  diag "leaf of ML-DSA, root of ECDSA: $plain bytes from the server, $read with compression"
  s_server -cert "$tmp/long.pem" -key "$tmp/long.key" -chainCAfile "$tmp/ca.pem" -build_chain -cert_comp -msg
  begin uncompress
  service uncompress yes client "connect = localhost:$s_port" "ca = ca.pem" "compress = yes"
  service uncompress no client "connect = localhost:$s_port" "ca = ca.pem"
  ok "clients" begun uncompress
  round uncompress no
  is "a client without the option" "$rc $(grep -ciE 'Compressed ?Certificate' "$tmp/s_server.out")" "0 0"
  round uncompress yes
  ok "  and with it" wait_for 5 grep -qiE 'Compressed ?Certificate' "$tmp/s_server.out"
  is "  is served" "$rc" 0
  kill -TERM "$(pid_of compress)"; kill -TERM "$(pid_of uncompress)"
fi

# --- tickets
begin ticket
id=("cert = plain.pem" "key = plain.key")
service ticket none server "$up" "${id[@]}" "tickets = 0"
service ticket three server "$up" "${id[@]}" "tickets = 3" "ticket-lifetime = 2m"
ok "a server with settings for tickets" begun ticket
arrived() { sleep 0.5 | timeout 20 "$openssl" s_client -connect "127.0.0.1:$(at ticket "$1")" -CAfile "$tmp/ca.pem" 2>/dev/null | tr -d '\0'; }
is "no tickets" "$(arrived none | grep -c 'New Session Ticket')" 0
answer=$(arrived three)
is "three" "$(grep -c 'New Session Ticket' <<<"$answer")" 3
is "  for two minutes" "$(sed -n 's/.*lifetime hint: \([0-9]*\) .*/\1/p' <<<"$answer" | sort -u)" 120

# --- connections kept ready
begin pool "metrics = 127.0.0.1:0"
service pool warm client "connect = localhost:$(at ticket three)" "ca = ca.pem" "pool = 3"
service pool brief client "connect = localhost:$(at ticket three)" "ca = ca.pem" "pool = 2" "pool-idle = 1s"
ok "a client that keeps connections ready" begun pool
pages=http://127.0.0.1:$(port_of pool '"metrics"')
ready() { [ "$(curl -s "$pages/metrics" | sed -n "s/^proxy_pool_connections{service=\"$1\"} //p")" = "$2" ]; }
handshakes() { jq -r 'select(.event == "tls.handshake" and .["service.name"] == "warm") | .event' "$tmp/pool.log" | wc -l; }
handshaken() { [ "$(handshakes)" -ge "$1" ]; }
ok "they are there before anybody comes" wait_for 20 ready warm 3
is "  handshakes done" "$(handshakes)" 3
# This service's server end is told: as long as nothing new is made, a connection that is served was a ready one.
kill -STOP "$(workers_of_file() { "$proxyd" status --control "$tmp/$1.sock" --json | jq -r '.proxies[].workers[].pid'; }; workers_of_file ticket)"
exec 8<>"/dev/tcp/127.0.0.1/$(at pool warm)"
ok "one is taken at once, though the server makes no handshake now" wait_for 20 ready warm 2
kill -CONT "$("$proxyd" status --control "$tmp/ticket.sock" --json | jq -r '.proxies[].workers[].pid')"
echo taken >&8
is "  and carries" "$(timeout 20 head -n 1 <&8)" taken
exec 8>&-
ok "  another one takes its place" wait_for 20 ready warm 3
ok "  by a handshake of its own" wait_for 10 handshaken 4
ok "what nobody takes is closed in time" wait_for 30 ready brief 0
kill -TERM "$(pid_of pool)"; kill -TERM "$(pid_of ticket)"

# --- the response that was good for a minute
past() { [ $((SECONDS - made)) -gt 61 ] && logged staple 'wattle.certificate.staple.*outdated'; }
ok "an OCSP response that becomes outdated is told of" wait_for 120 past
is "  and sent no more" "$(shown soon)" "OCSP response: no response sent"
is "  the other one is" "$(shown good)" "Cert Status: good"
refuses "  taken as new it is refused" 5 soon.der 'outdated since'
kill -TERM "$(pid_of staple)"
for n in staple volume hold expiry ticket pool; do ok "$n ends" wait_for 30 ended $n; done
is "no sanitizer has a word to say" "$(grep -lE 'AddressSanitizer|LeakSanitizer|runtime error' "$tmp"/*.err)" ""
finish
