#!/usr/bin/env bash
# Where connections go and what goes with them: SNI routes, ALPN, the PROXY protocol v2 in and out, PostgreSQL's SSLRequest both ways.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
. "$(dirname "$0")/../lib/tls.sh"
requires_command jq xxd
authority; echo_server
identity server P-256
identity trainer P-256 "URI:spiffe://example.org/trainer"
for n in web admin files; do box $n named $n; done
box via via header

begin server
id=("cert = server.pem" "key = server.key")
service server routes server "connect = 127.0.0.1:$(port web)" "${id[@]}" "route = admin.example.org=127.0.0.1:$(port admin)" "route = *.files.example.org=127.0.0.1:$(port files)"
service server closed server "${id[@]}" "route = admin.example.org=127.0.0.1:$(port admin)"
service server any server "connect = 127.0.0.1:$(port web)" "${id[@]}"
service server h2 server "connect = 127.0.0.1:$(port web)" "${id[@]}" "alpn = h2, http/1.1"
service server said server "connect = 127.0.0.1:$(port via)" "${id[@]}" "client-ca = ca.pem" "send-proxy = yes"
service server plain server "connect = 127.0.0.1:$(port via)" "${id[@]}" "send-proxy = yes"
service server heard server "connect = 127.0.0.1:$(port via)" "${id[@]}" "accept-proxy = yes" "send-proxy = yes"
service server postgres server "connect = 127.0.0.1:$echo_port" "${id[@]}" "starttls = postgresql"
service server postgres-named server "connect = 127.0.0.1:$(port web)" "${id[@]}" "starttls = postgresql"
ok "a server of all these" begun server
# asks SERVICE WORDS...: the answer of what is behind; reads until it ends
asks() {
  mark server
  answer=$(timeout 30 "$openssl" s_client -connect "127.0.0.1:$(at server "$1")" -CAfile "$tmp/ca.pem" -quiet -ign_eof "${@:2}" 2>"$tmp/s_client.err" </dev/null)
  wait_for 15 has_told server "$1"
  e=$(told server "$1")
}

# --- names
goes() { asks routes -servername "$2"; is "$1" "$answer $(of wattle.outcome server.address)" "$3 ok $2"; }
goes "a name with a route goes there" admin.example.org admin
goes "  one under a wildcard, too" a.files.example.org files
goes "  a wildcard is one label" a.b.files.example.org web
goes "  others go on" other.example.org web
asks routes -noservername
is "  so do those without a name" "$answer $(of wattle.outcome server.address)" "web ok -"
asks closed -servername other.example.org
is "without --connect others are refused" "$answer $(of wattle.outcome)" " refused"
like "  by an alert" "$(cat "$tmp/s_client.err")" 'unrecognized name|alert number 112'
like "  with the name in the log" "$(of wattle.error.message)" 'no route .*other[.]example[.]org'

# --- ALPN
asks any -alpn kafka,h2
is "pass-through: the client's first protocol is taken" "$answer $(of tls.next_protocol)" "web kafka"
asks any
is "  none where there is none" "$answer $(of tls.next_protocol)" "web -"
asks h2 -alpn http/1.1,h2
is "a list: the server's order" "$answer $(of tls.next_protocol)" "web h2"
asks h2 -alpn kafka
is "  others are refused" "$answer $(of tls.established)" " false"
like "  by an alert" "$(cat "$tmp/s_client.err")" 'no application protocol|alert number 120'

# --- PROXY v2
hex() { printf '%s' "$1" | xxd -p | tr -d '\n'; }
tlv() { printf '%02x%04x%s' "$1" $((${#2} / 2)) "$2"; }
signature=0d0a0d0a000d0a515549540a
asks said -servername models.example.org -alpn h2 -cert "$tmp/trainer.pem" -key "$tmp/trainer.key"
like "out: a header of version 2, TCP over IPv4" "$answer" "^header ${signature}2111[0-9a-f]{4}7f0000017f000001"
is "  with the client's port" "$((16#${answer:$((7 + 48)):4}))" "$(of network.peer.port)"
like "  ALPN" "$answer" "$(tlv 0x01 "$(hex h2)")"
like "  SNI" "$answer" "$(tlv 0x02 "$(hex models.example.org)")"
like "  TLS with a client certificate that is good" "$answer" "20[0-9a-f]{4}0700000000"
like "  its version" "$answer" "$(tlv 0x21 "$(hex TLSv1.3)")"
like "  its cipher" "$answer" "$(tlv 0x23 "$(hex "$(of tls.cipher)")")"
like "  who the client is" "$answer" "$(tlv 0x22 "$(hex spiffe://example.org/trainer)")"
like "  and the group, 0xE0" "$answer" "$(tlv 0xe0 "$(hex X25519MLKEM768)")"
asks said -sess_out "$tmp/session" -cert "$tmp/trainer.pem" -key "$tmp/trainer.key"
asks said -sess_in "$tmp/session" -cert "$tmp/trainer.pem" -key "$tmp/trainer.key"
like "  a resumed session: its certificate is of an earlier connection" "$(of tls.resumed) $answer" "^true .*20[0-9a-f]{4}0500000000"
asks plain -groups X25519
like "  TLS without one, and a classical group" "$answer" "20[0-9a-f]{4}0100000001.*$(tlv 0xe0 "$(hex X25519)")"

# A plain client behind one more proxy, a client side that is told by a header and tells by one, and a server side that hears it.
begin client
service client in client "connect = localhost:$(at server heard)" "ca = ca.pem" "accept-proxy = yes" "send-proxy = yes"
service client out client "connect = localhost:$(at server heard)" "ca = ca.pem" "send-proxy = yes"
service client postgres client "connect = localhost:$(at server postgres)" "ca = ca.pem" "starttls = postgresql"
service client none client "connect = 127.0.0.1:$(at server any)" "ca = ca.pem" "server-name = localhost" "starttls = postgresql"
ok "clients of all these" begun client
# talk SERVICE HEX [BYTES]: sends it, and prints in hexadecimal what comes, all of it or so many bytes
talk() { timeout 20 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf %s "$1" | xxd -r -p >&3 && if [ -n "$2" ]; then head -c "$2" <&3; else cat <&3; fi' "$(at "${on:-client}" "$1")" "$2" "${3:-}" 2>/dev/null | xxd -p | tr -d '\n'; }
text() { xxd -r -p <<<"$1"; }
from=c0000207 to=c6336405
mark server
got=$(text "$(talk in "${signature}2111000c${from}${to}1267270f")")
like "in: whom a header names is passed on" "$got" "^header ${signature}2111[0-9a-f]{4}${from}${to}1267270f"
wait_for 5 has_told server heard
is "  is in the log" "$(e=$(told server heard); of network.peer.address network.peer.port)" "192.0.2.7 4711"
got=$(text "$(talk in "${signature}2121002420010db800000000000000000000000120010db80000000000000000000000021267270f")")
like "  over IPv6 too" "$got" "^header ${signature}2121[0-9a-f]{4}20010db8000000000000000000000001"
got=$(text "$(talk in "${signature}20000000")")
like "  LOCAL names nobody: the connection's own" "$got" "^header ${signature}2111[0-9a-f]{4}7f0000017f000001"
is "  garbage is closed" "$(talk in 47455420)" ""
got=$(text "$(talk out 00)")
like "out of a client: the plain client's own" "$got" "^header ${signature}2111[0-9a-f]{4}7f0000017f000001"
on=server got=$(talk heard 16030100)
is "a ClientHello where a header is to be is refused" "$got" ""

# --- PostgreSQL
ssl=0000000804d2162f gss=0000000804d21630
startup=00000015000300007573657200776174746c650000
on=server got=$(talk postgres "$ssl" 1)
is "in: SSLRequest is answered S" "$(text "$got")" S
is "  GSSENCRequest N" "$(on=server; text "$(talk postgres "$gss" 1)")" N
like "  a client without TLS gets an error in its own words" "$(on=server; text "$(talk postgres "$startup" | sed 's/00/0a/g')")" 'FATAL'
unset on
asks postgres-named -starttls postgres
is "  what follows S is TLS" "$answer $(of tls.curve)" "web X25519MLKEM768"
asks postgres-named -alpn postgresql
is "  direct TLS, as from PostgreSQL 17 on" "$answer $(of tls.next_protocol)" "web postgresql"
is "out: our side asks for TLS, the far one agrees" "$(talk postgres "$startup" $((${#startup} / 2)))" "$startup"
is "  the client may ask itself: it is told no, and goes on in plain" "$(talk postgres "$ssl" 1)" 4e
is "  a server without it gets no plain text" "$(talk none "$startup")" ""
for n in client server; do kill -TERM "$(pid_of $n)"; ok "the $n ends" wait_for 20 ended $n; done
is "no sanitizer has a word to say" "$(grep -lE 'AddressSanitizer|LeakSanitizer|runtime error' "$tmp"/*.err)" ""
finish
