#!/usr/bin/env bash
# The wall clock jumps: what is dated follows it (certificates, tickets, pins), what waits does not (deadlines, open connections).
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq
shim=$WATTLE_BUILD/tests/clock_shim.so load=$WATTLE_BUILD/tests/load_peer odd=$WATTLE_BUILD/tests/tls_peer
instrumented && skip_all "a sanitizer wants to be preloaded itself"
export CLOCK_SHIM=$tmp/clock
# jump SECONDS: from the true time.
jump() { perl -e 'print pack("q", shift)' -- "$1" >"$tmp/clock.new"; dd if="$tmp/clock.new" of="$CLOCK_SHIM" conv=notrunc 2>/dev/null; }
requires_command perl
head -c 8 /dev/zero >"$CLOCK_SHIM"
is "the clock of a program can be moved" "$(jump -86400; LD_PRELOAD=$shim date +%s | awk -v n="$(date +%s)" '{d = n - $1 - 86400; print (d >= -2 && d <= 2)}')" 1
jump 0
day=86400
authority
leaf localhost # good for 20 days
"$peer" echo >"$tmp/echo.port" & at_end "kill $! 2>/dev/null"
wait_for 20 test -s "$tmp/echo.port"; echo_port=$(cat "$tmp/echo.port")
moved() { LD_PRELOAD=$shim proxy "$@"; }
ok "a server" moved server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo_port" --cert "$tmp/localhost.pem" --key "$tmp/localhost.key" --workers 1 --watch 0 --handshake-timeout 4s
port=$(port_of server)
ok "a client" moved client client --listen 127.0.0.1:0 --connect localhost:"$port" --ca "$tmp/ca.pem" --workers 1 --watch 0
in=$(port_of client)
mkfifo "$tmp/stop"
"$peer" hold "$in" 20 <"$tmp/stop" >"$tmp/hold" & held=$!
exec 9>"$tmp/stop"
ok "20 connections" wait_for 30 grep -q running "$tmp/hold"
session() { sleep 1 | "$openssl" s_client -connect 127.0.0.1:"$port" -CAfile "$tmp/ca.pem" -sess_out "$tmp/session" >/dev/null 2>&1; test -s "$tmp/session"; }
again() { "$openssl" s_client -connect 127.0.0.1:"$port" -CAfile "$tmp/ca.pem" -sess_in "$tmp/session" </dev/null 2>/dev/null | grep -oE '^(Reused|New)'; }
ok "a session" session
is "  is resumed" "$(again)" Reused
# a deadline runs while the clock jumps to and fro
"$odd" hello "$port" half >"$tmp/half" & waits=$!
sleep 0.5; jump $((5 * day)); sleep 0.5; jump $((-3 * 3600)); sleep 0.5; jump 0
wait $waits
took=$(sed -nE 's/.*closed after ([0-9]+) ms.*/\1/p' "$tmp/half")
ok "a deadline of 4 s is one of 4 s through three jumps (${took:-none} ms)" test "${took:-0}" -ge 3900 -a "${took:-99999}" -lt 30000
jump $((2 * 3600))
is "in two hours the ticket is good" "$(again)" Reused
is "  and connections are served" "$("$load" plain "$in")" ok
jump $((12 * 3600))
is "in twelve it is not" "$(again)" New
is "  but connections are served" "$("$load" plain "$in")" ok
jump $((-12 * 3600))
is "twelve hours ago the ticket is not yet good" "$(again)" New
jump $((25 * day))
is "in 25 days the certificate is over: refused" "$("$load" plain "$in")" broken
ok "  and told" wait_for 20 logged client 'tls.handshake.*expired'
jump $((-2 * day))
is "two days ago it is not valid yet: refused" "$("$load" plain "$in")" broken
ok "  and told" wait_for 20 logged client 'tls.handshake.*not yet valid'
jump 0
is "at the right time again all is well" "$("$load" plain "$in")" ok
is "  the ticket too" "$(again)" Reused
kill -0 "$held" && pass "the 20 connections still run" || fail "the 20 connections still run" "$(cat "$tmp/hold")"
exec 9>&-
wait "$held"; is "none of them broke" $? 0
is "no worker died" "$(cat "$tmp/server.log" "$tmp/client.log" | grep -c '"wattle.worker"')" 0
is "a reload with the clock where the certificate is over is refused" "$(jump $((25 * day)); kill -HUP "$(pid_of server)"; wait_for 60 logged server '"wattle.reload".*refused.*expired' && echo told; jump 0)" told
is "  and what was there serves" "$("$load" plain "$in")" ok
kill -TERM "$(pid_of client)" "$(pid_of server)"; ok "they end" wait_for 20 ended client; wait_for 20 ended server

# pins: 30 days from when a peer was last seen to be post-quantum
"$openssl" x509 -req -in "$tmp/localhost.csr" -CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" -not_before 20200101000000Z -not_after 20900101000000Z -extfile "$tmp/localhost.ext" -out "$tmp/localhost.pem" >/dev/null 2>&1
"$openssl" req -x509 -key "$tmp/ca.key" -out "$tmp/ca.pem" -not_before 20200101000000Z -not_after 20900101000000Z -subj /CN=test-ca -addext basicConstraints=critical,CA:TRUE >/dev/null 2>&1
serve() { "$openssl" s_server -accept 127.0.0.1:"$port" -cert "$tmp/localhost.pem" -key "$tmp/localhost.key" -groups "$1" -quiet -rev >/dev/null 2>&1 & other=$!; at_end "kill $other 2>/dev/null"; wait_for 20 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"; }
visit() { timeout 20 bash -c "exec 3<>/dev/tcp/127.0.0.1/$in; echo hello >&3; head -n 1 <&3" 2>/dev/null; }
serve X25519MLKEM768
ok "a client that keeps pins" moved client client --listen 127.0.0.1:0 --connect localhost:"$port" --ca "$tmp/ca.pem" --workers 1 --watch 0 --state "$tmp/pins"
in=$(port_of client)
is "  meets a post-quantum server" "$(visit)" olleh
kill $other; wait $other 2>/dev/null; serve X25519
is "  which is classical now: refused" "$(visit)" ""
jump $((29 * day)); is "  in 29 days too" "$(visit)" ""
jump $((31 * day)); is "  in 31 days it is forgotten" "$(visit)" olleh
ok "  with a word about the downgrade" wait_for 20 logged client tls.downgrade
jump $((-day)); is "a clock a day before the pin does not undo it" "$(visit)" ""
kill -TERM "$(pid_of client)"; ok "it ends" wait_for 20 ended client
finish
