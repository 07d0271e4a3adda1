#!/usr/bin/env bash
# Every policy between real processes, on both sides: what is agreed on, what is refused, and what the log says of it.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
. "$(dirname "$0")/../lib/tls.sh"
requires_command jq
authority; root strong ML-DSA-87; echo_server
identity ec P-256; identity dsa ML-DSA-65; CA=strong identity dsa87 ML-DSA-87
hybrid=X25519MLKEM768

# --- servers
begin server
up="connect = 127.0.0.1:$echo_port"
both=("cert = ec.pem, dsa.pem" "key = ec.key, dsa.key")
service server preferred server "$up" "${both[@]}"
service server pq-only server "$up" "${both[@]}" "policy = pq-only"
service server hybrid-only server "$up" "${both[@]}" "policy = hybrid-only"
service server fallback server "$up" "${both[@]}" "policy = classical-fallback"
service server order server "$up" "${both[@]}" "groups = SecP384r1MLKEM1024:X25519MLKEM768:P-256"
service server pure server "$up" "${both[@]}" "groups = MLKEM768:X25519"
service server sign server "$up" "${both[@]}" "prefer-pq-signature = yes"
service server old server "$up" "${both[@]}" "tls12 = yes"
service server cnsa server "$up" "cert = dsa87.pem" "key = dsa87.key" "profile = cnsa"
ok "servers of every policy" begun server

# What a client offers, its key shares marked by *; what comes of it: outcome, group, class, HelloRetryRequest, reason
facts() { of wattle.outcome tls.curve wattle.kex.class wattle.hello_retry_request wattle.reason; }
agrees() { local name=$1; dial server "$2" -groups "$3" "${@:5}"; is "$name" "$(facts)" "$4"; }
refuses() { # NAME SERVICE GROUPS OFFERED WORDS...
  dial server "$2" -groups "$3" "${@:5}"
  is "$1" "$(of wattle.outcome wattle.offered_groups)" "refused $4"
  like "  by an alert" "$answer" 'alert handshake failure|alert number 40'
}
agrees "hybrid-preferred takes the hybrid share" preferred "*$hybrid:X25519" "ok $hybrid hybrid false -"
agrees "  asks for it (HelloRetryRequest) where the client sent a classical one" preferred "*X25519:$hybrid" "ok $hybrid hybrid true -"
agrees "  also for a pure one" preferred "*X25519:MLKEM768" "ok MLKEM768 pq true -"
agrees "  takes a classical client, and says so" preferred "*X25519" "ok X25519 classical false peer-did-not-offer"
is "  as a downgrade" "$(of event severity)" "tls.downgrade WARN"
agrees "pq-only takes the hybrid" pq-only "*$hybrid:X25519" "ok $hybrid hybrid false -"
agrees "  and the pure group" pq-only "*MLKEM1024" "ok MLKEM1024 pq false -"
agrees "  asks for a better share" pq-only "*X25519:$hybrid" "ok $hybrid hybrid true -"
refuses "  refuses classical clients" pq-only "*X25519:P-256" "X25519:secp256r1"
agrees "hybrid-only takes the hybrid" hybrid-only "*SecP256r1MLKEM768" "ok SecP256r1MLKEM768 hybrid false -"
refuses "  refuses the pure group" hybrid-only "*MLKEM768:X25519" "MLKEM768:X25519"
agrees "classical-fallback serves as hybrid-preferred does" fallback "*X25519:$hybrid" "ok $hybrid hybrid true -"
agrees "an explicit order goes before the client's" order "*$hybrid:*SecP384r1MLKEM1024" "ok SecP384r1MLKEM1024 hybrid false -"
refuses "  and is all there is" order "*MLKEM768:X25519" "MLKEM768:X25519"
agrees "a list of our own that lacks the client's group" pure "*X25519:$hybrid" "ok X25519 classical false policy"
dial server old -tls1_2
is "TLS 1.2 is taken where it is asked for, as a downgrade" "$(of wattle.outcome tls.protocol.version wattle.kex.class event)" "ok 1.2 classical tls.downgrade"
dial server preferred -tls1_2
is "  and nowhere else" "$(of wattle.outcome)" rejected
like "  which an alert says" "$answer" 'alert protocol version|alert number 70'

# which of two certificates
signed() { dial server "$2" -sigalgs "$3"; is "$1" "$(of wattle.outcome wattle.signature.own)" "ok $4"; }
signed "of two certificates the client chooses" preferred ecdsa_secp256r1_sha256:mldsa65 ecdsa_secp256r1_sha256
signed "  by its own order" preferred mldsa65:ecdsa_secp256r1_sha256 mldsa65
signed "prefer-pq-signature: ML-DSA for whom can check it" sign ecdsa_secp256r1_sha256:mldsa65 mldsa65
signed "  ECDSA for an old client" sign ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256 ecdsa_secp256r1_sha256

# CNSA
dial server cnsa -CAfile "$tmp/strong.pem" -groups "*MLKEM1024"
is "CNSA: pure ML-KEM-1024, AES-256, ML-DSA-87" "$(of wattle.outcome tls.curve tls.cipher wattle.signature.own)" "ok MLKEM1024 TLS_AES_256_GCM_SHA384 mldsa87"
dial server cnsa -CAfile "$tmp/strong.pem" -groups "*$hybrid:MLKEM1024"
is "  which is asked for" "$(of wattle.outcome tls.curve wattle.hello_retry_request)" "ok MLKEM1024 true"
refuses "  nothing else" cnsa "*$hybrid:X25519" "$hybrid:X25519" -CAfile "$tmp/strong.pem"
dial server cnsa -CAfile "$tmp/strong.pem" -groups "*MLKEM1024" -ciphersuites TLS_AES_128_GCM_SHA256
like "  no AES-128" "$(of wattle.outcome tls.established)" '^(refused|rejected) false$'
exits "  no certificate of another kind" 2 "$proxyd" server --listen 127.0.0.1:0 --connect 127.0.0.1:1 --cert "$tmp/ec.pem" --key "$tmp/ec.key" --profile cnsa
says "  and why" 'ML-DSA-87 alone'

# --- clients
# The same servers; one of old times; and ways to them on which large ClientHellos get lost.
s_server -cert "$tmp/ec.pem" -key "$tmp/ec.key" -groups X25519:P-256
old=$s_port
box narrow narrow "$(at server preferred)" 700
box narrow-old narrow "$old" 700
begin client
to() { echo "connect = localhost:$1"; }
service client strict client "$(to "$(at server preferred)")" "ca = ca.pem" "policy = pq-only"
service client order client "$(to "$(at server preferred)")" "ca = ca.pem" "groups = MLKEM1024:X25519MLKEM768"
service client share client "$(to "$(at server preferred)")" "ca = ca.pem" "classical-share = yes"
service client strict-old client "$(to "$old")" "ca = ca.pem" "policy = pq-only"
service client hybrid-old client "$(to "$old")" "ca = ca.pem" "policy = hybrid-only"
service client preferred-old client "$(to "$old")" "ca = ca.pem"
service client preferred-narrow client "$(to "$(port narrow)")" "ca = ca.pem" "groups = X25519MLKEM768:X25519"
service client share-narrow client "$(to "$(port narrow)")" "ca = ca.pem" "classical-share = yes"
service client fallback-narrow client "$(to "$(port narrow-old)")" "ca = ca.pem" "policy = classical-fallback"
service client fallback-list client "$(to "$(port narrow-old)")" "ca = ca.pem" "policy = classical-fallback" "groups = X25519MLKEM768:P-256"
service client fallback-none client "$(to "$(port narrow-old)")" "ca = ca.pem" "policy = classical-fallback" "groups = X25519MLKEM768:MLKEM768"
service client cnsa client "$(to "$(at server cnsa)")" "ca = strong.pem" "profile = cnsa"
service client cnsa-weak client "$(to "$(at server preferred)")" "ca = ca.pem" "profile = cnsa"
ok "clients of every policy" begun client
gets() { round client "$2"; is "$1" "$rc $(facts)" "0 $3"; }
fails() { round client "$2"; is "$1" "$rc $(of wattle.outcome tls.established)" "1 $3 false"; }
gets "a client under pq-only" strict "ok $hybrid hybrid false -"
fails "  does not talk to a classical server" strict-old rejected
fails "nor does one under hybrid-only" hybrid-old rejected
gets "hybrid-preferred does, and says so" preferred-old "ok X25519 classical true peer-did-not-offer"
gets "an explicit order" order "ok MLKEM1024 pq false -"
gets "a classical share first: post-quantum by HelloRetryRequest" share "ok $hybrid hybrid true -"
is "  the server saw it, too" "$(e=$(told server preferred); of tls.curve wattle.hello_retry_request)" "$hybrid true"
fails "a middlebox that loses large ClientHellos" preferred-narrow lost
gets "  lets a small one through, and what follows it" share-narrow "ok $hybrid hybrid true -"
gets "  classical-fallback dials again for less" fallback-narrow "ok X25519 classical false peer-refused"
is "  after the first was lost" "$(told client fallback-narrow '.["tls.established"] == false' | jq -r '.["wattle.outcome"]')" lost
gets "  for a group of its list" fallback-list "ok secp256r1 classical false peer-refused"
fails "  not where its list has none" fallback-none lost
is "  it dials once" "$(jq -c 'select(.["service.name"] == "fallback-none" and .event == "tls.handshake")' "$tmp/client.log" | wc -l)" 1
gets "CNSA with CNSA" cnsa "ok MLKEM1024 pq false -"
is "  AES-256 and ML-DSA-87" "$(of tls.cipher wattle.signature.peer)" "TLS_AES_256_GCM_SHA384 mldsa87"
fails "  not with ECDSA" cnsa-weak rejected
for n in server client; do kill -TERM "$(pid_of $n)"; ok "the ${n}s end" wait_for 20 ended $n; done
is "no sanitizer has a word to say" "$(grep -lE 'AddressSanitizer|LeakSanitizer|runtime error' "$tmp"/*.err)" ""
finish
