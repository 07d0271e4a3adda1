#!/usr/bin/env bash
# Sessions are resumed by whichever worker the kernel chooses, and by the workers after a reload.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq
authority; leaf server; echo_server
ok "a server with two workers" proxy server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo_port" --cert "$tmp/server.pem" --key "$tmp/server.key" --workers 2 --watch 0
port=$(port_of server)
first() { sleep 0.5 | "$openssl" s_client -connect 127.0.0.1:"$port" -CAfile "$tmp/ca.pem" -sess_out "$tmp/session" >/dev/null 2>&1; test -s "$tmp/session"; }
again() { "$openssl" s_client -connect 127.0.0.1:"$port" -CAfile "$tmp/ca.pem" -sess_in "$tmp/session" </dev/null 2>/dev/null | grep -q '^Reused'; }
all_again() { local i; for i in $(seq 12); do again || { echo "at $i"; return 1; }; done; }
ok "a session" first
ok "twelve resumptions, by both workers" all_again
kill -HUP "$(pid_of server)"
ok "a reload" wait_for 30 logged server 'configuration 2 is in use'
ok "the ticket is good for the new workers" all_again
kill -KILL "$(workers_of server | head -n 1)"
sleep 1
ok "and for one that was started again" all_again
kill -TERM "$(pid_of server)"; wait_for 10 ended server

# secrets in a file: several proxies share them
"$openssl" rand -hex 32 >"$tmp/tickets"; chmod 600 "$tmp/tickets"
shared() { proxy "$1" server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo_port" --cert "$tmp/server.pem" --key "$tmp/server.key" --workers 1 --ticket-keys "$tmp/tickets" --watch 300ms; }
ok "a proxy with ticket secrets" shared one
ok "another" shared two
port=$(port_of one); ok "a session with the first" first
port=$(port_of two); ok "is resumed by the second" all_again
{ "$openssl" rand -hex 32; cat "$tmp/tickets"; } >"$tmp/tickets.new"; chmod 600 "$tmp/tickets.new"; mv "$tmp/tickets.new" "$tmp/tickets"
ok "a new secret is taken by itself" wait_for 20 logged two 'configuration 2 is in use'
ok "tickets of the old one are still good" all_again
head -n 1 "$tmp/tickets" >"$tmp/tickets.new"; chmod 600 "$tmp/tickets.new"; mv "$tmp/tickets.new" "$tmp/tickets"
ok "the old secret is dropped" wait_for 20 logged two 'configuration 3 is in use'
ok "its tickets are worth nothing" eval '! again'
ok "  new ones are" first
ok "  as before" all_again
chmod 644 "$tmp/tickets"
ok "secrets that everybody may read are refused" wait_for 20 logged two 'refused'
finish
