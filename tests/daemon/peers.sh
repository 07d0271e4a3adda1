#!/usr/bin/env bash
# Who is let in, on both sides: by authority, by name in the certificate (DNS, SPIFFE), by pinned key, by raw public key (RFC 7250).
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
. "$(dirname "$0")/../lib/tls.sh"
requires_command jq
authority; root other P-256; echo_server
id=uri:spiffe://example.org/ns/train
identity server P-256; identity server-dsa ML-DSA-65
identity named P-256 "DNS:localhost,URI:spiffe://example.org/ns/models/server"
identity trainer P-256 "DNS:trainer.example.org,URI:spiffe://example.org/ns/train/sa/a"
identity pod ML-DSA-65 "URI:spiffe://example.org/ns/train/sa/b"
identity stranger P-256 "DNS:stranger.example.com,URI:spiffe://example.org/ns/training/sa/a"
CA=other identity foreign P-256 "DNS:trainer.example.org,URI:spiffe://example.org/ns/train/sa/a"
identity expired P-256 "DNS:trainer.example.org"
"$openssl" x509 -req -in "$tmp/expired.csr" -CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" -not_before 20200101000000Z -not_after 20200201000000Z -extfile "$tmp/expired.ext" -out "$tmp/expired.pem" >/dev/null 2>&1

# --- servers
begin server
common=("connect = 127.0.0.1:$echo_port" "cert = server.pem, server-dsa.pem" "key = server.key, server-dsa.key")
service server open server "${common[@]}"
service server ca server "${common[@]}" "client-ca = ca.pem"
service server dns server "${common[@]}" "client-ca = ca.pem" "allow = trainer.example.org"
service server wild server "${common[@]}" "client-ca = ca.pem" "allow = *.example.org"
service server spiffe server "${common[@]}" "client-ca = ca.pem" "allow = $id/*"
service server pin-hex server "${common[@]}" "pin = $(spki trainer)"
service server pin-file server "${common[@]}" "pin = pod.pub"
service server both server "${common[@]}" "client-ca = ca.pem" "pin = trainer.pem, pod.pem"
service server raw server "connect = 127.0.0.1:$echo_port" "cert = server-dsa.pub" "key = server-dsa.key" "pin = trainer.pub, pod.pub"
ok "servers of every rule" begun server
# comes NAME SERVICE WHO OUTCOME WORDS: a client with that certificate (none: without)
comes() {
  local own=()
  [ "$3" = none ] || own=(-cert "$tmp/$3.pem" -key "$tmp/$3.key")
  dial server "$2" "${own[@]+"${own[@]}"}" "${@:6}"
  like "$1" "$(of wattle.outcome wattle.peer wattle.error.message)" "^$4 .*$5"
}
comes "without a rule anybody comes" open none ok '- -$'
comes "an authority: its client" ca trainer ok 'spiffe://example.org/ns/train/sa/a'
comes "  with an ML-DSA certificate too" ca pod ok 'spiffe://example.org/ns/train/sa/b'
is "  whose signature is in the log" "$(of wattle.signature.peer)" mldsa65
comes "  not without a certificate" ca none '(refused|rejected)' 'certificate' -ign_eof
like "  by an alert" "$answer" 'certificate required|alert number 116'
comes "  not another authority's" ca foreign rejected 'trainer|spiffe'
comes "  not an expired one" ca expired rejected 'expired'
comes "a DNS name: its client" dns trainer ok train
comes "  not another of the authority's" dns stranger refused "none of its certificate's names is allowed"
comes "  not the name from another authority" dns foreign rejected 'spiffe'
comes "a wildcard: its client" wild trainer ok train
comes "  not another domain" wild stranger refused allowed
comes "  not one without a DNS name" wild pod refused allowed
comes "a SPIFFE path: its client" spiffe trainer ok train
comes "  one beside it" spiffe pod ok train
comes "  not a path that only begins alike" spiffe stranger refused allowed
comes "a pinned key in hexadecimal: its client" pin-hex trainer ok train
comes "  not another key" pin-hex pod refused 'none of the pinned'
comes "a pinned key in a file: its client" pin-file pod ok train
comes "  not another key" pin-file trainer refused 'none of the pinned'
comes "authority and key: its client" both trainer ok train
comes "  not the authority's other clients" both stranger refused 'none of the pinned'
comes "a pinned key as a raw public key" pin-hex trainer ok "key:$(spki trainer)" -enable_client_rpk
is "  there is no certificate" "$(of wattle.peer)" "key:$(spki trainer)"
comes "raw public keys both ways" raw trainer ok "key:$(spki trainer)" -enable_client_rpk -enable_server_rpk
like "  ours is one, of ML-DSA" "$answer" 'ML-DSA-65|mldsa65|ML_DSA_65'
is "  signed with it" "$(of wattle.signature.own)" mldsa65
comes "  not another key" raw stranger refused 'none of the pinned' -enable_client_rpk -enable_server_rpk
dial server raw -cert "$tmp/trainer.pem" -key "$tmp/trainer.key"
like "  not for clients that want certificates" "$(of wattle.outcome tls.established)" '^(refused|rejected) false$'

# --- clients
begin named
service named web server "connect = 127.0.0.1:$echo_port" "cert = named.pem" "key = named.key"
service named raw server "connect = 127.0.0.1:$echo_port" "cert = server-dsa.pub" "key = server-dsa.key" "pin = pod.pub"
ok "a server with a name of each kind" begun named
begin client
web="connect = localhost:$(at named web)"
service client host client "$web" "ca = ca.pem"
service client wrong-host client "$web" "ca = ca.pem" "server-name = models.example.org"
service client wrong-ca client "$web" "ca = other.pem"
service client uri client "$web" "ca = ca.pem" "allow = uri:spiffe://example.org/ns/models/server"
service client wrong-uri client "$web" "ca = ca.pem" "allow = uri:spiffe://example.org/ns/models"
service client pin client "$web" "pin = $(spki named)"
service client wrong-pin client "$web" "pin = $(spki server)"
service client ca-pin client "$web" "ca = ca.pem" "pin = named.pub"
service client ca-pin-name client "$web" "ca = ca.pem" "pin = named.pub" "server-name = models.example.org"
service client raw client "connect = localhost:$(at named raw)" "cert = pod.pub" "key = pod.key" "pin = server-dsa.pub"
service client mutual client "connect = localhost:$(at server spiffe)" "ca = ca.pem" "cert = trainer.pem, pod.pem" "key = trainer.key, pod.key"
service client mutual-wrong client "connect = localhost:$(at server spiffe)" "ca = ca.pem" "cert = stranger.pem" "key = stranger.key"
ok "clients of every rule" begun client
goes() { round client "$2"; like "$1" "$rc $(of wattle.outcome wattle.peer wattle.error.message)" "^$3 .*$4"; }
goes "a client: the server's host name" host "0 ok" 'spiffe://example.org/ns/models/server'
goes "  not another one" wrong-host "1 refused" 'not for models.example.org'
goes "  not of another authority" wrong-ca "1 rejected" 'refused'
goes "a SPIFFE id" uri "0 ok" models
mark named; round client uri
is "  the host is asked for all the same (SNI)" "$(wait_for 5 has_told named web; e=$(told named web); of server.address)" localhost
goes "  not another one" wrong-uri "1 refused" allowed
goes "a pinned key without authority" pin "0 ok" "key:$(spki named)"
goes "  not another key" wrong-pin "1 refused" 'none of the pinned'
goes "authority and key" ca-pin "0 ok" models
goes "  and the name, too" ca-pin-name "1 refused" 'not for models.example.org'
mark named
goes "raw public keys both ways" raw "0 ok" "key:$(spki server-dsa)"
is "  ML-DSA's" "$(of wattle.signature.own wattle.signature.peer)" "mldsa65 mldsa65"
is "  the server saw one, too" "$(wait_for 5 has_told named raw; e=$(told named raw); of wattle.peer)" "key:$(spki pod)"
goes "mutual TLS" mutual "0 ok" localhost
round client mutual-wrong
like "  not with a name that is not allowed" "$rc" 1
for n in server named client; do kill -TERM "$(pid_of $n)"; ok "$n ends" wait_for 20 ended $n; done
is "no sanitizer has a word to say" "$(grep -lE 'AddressSanitizer|LeakSanitizer|runtime error' "$tmp"/*.err)" ""
finish
