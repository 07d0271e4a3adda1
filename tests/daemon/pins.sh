#!/usr/bin/env bash
# A server that was post-quantum once is held to it, also by the next process.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq
authority; leaf server; echo_server
state=$tmp/state/pins.txt
serve() { proxy server server --listen 127.0.0.1:"${1:-0}" --connect 127.0.0.1:"$echo_port" --cert "$tmp/server.pem" --key "$tmp/server.key" --workers 1 "${@:2}"; }
client() { proxy client client --listen 127.0.0.1:0 --connect localhost:"$port" --ca "$tmp/ca.pem" --workers 1 --state "$state" "$@"; }
ok "a server" serve
port=$(port_of server)
ok "a client with a state file" client
ok "a connection" "$peer" burst "$(port_of client)" 1
ok "the peer is in the file within seconds" wait_for 10 grep -q "^localhost:$port X25519MLKEM768 " "$state"
is "the file is its owner's" "$(stat -c %a "$state")" 600
kill -TERM "$(pid_of client)"; ok "the client ends" wait_for 10 ended client
kill -TERM "$(pid_of server)"; ok "and the server" wait_for 10 ended server

# the same place is classical now
"$openssl" s_server -accept 127.0.0.1:"$port" -cert "$tmp/server.pem" -key "$tmp/server.key" -groups X25519 -quiet -rev >/dev/null 2>&1 & old=$!
at_end "kill $old 2>/dev/null"
wait_for 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
ok "a new client reads the file" client
visit() { timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$(port_of client); echo hello >&3; head -n 1 <&3" 2>/dev/null; }
is "the weaker answer is refused" "$(visit)" ""
ok "which is said" wait_for 5 logged client "localhost|pin"
kill -TERM "$(pid_of client)"; wait_for 10 ended client
ok "a client that may fall back" client --policy classical-fallback
is "is served" "$(visit)" "olleh"
kill -TERM "$(pid_of client)"; wait_for 10 ended client
state=$tmp/state/other.txt
ok "one that never knew it" client
is "is served too" "$(visit)" "olleh"
ok "with a word about the downgrade" wait_for 5 logged client tls.downgrade
kill -TERM "$(pid_of client)"; wait_for 10 ended client

# 30 days are counted from when it was last seen to do better
days_ago() { date -ud "$1 days ago" +%Y-%m-%dT%H:%M:%SZ; }
for days in 29 31; do
  state=$tmp/state/$days.txt
  printf 'wattle-pins 1\nlocalhost:%s X25519MLKEM768 %s %s\n' "$port" "$(days_ago 100)" "$(days_ago $days)" >"$state"
  ok "a client that knows it from $days days ago" client
  is "  $([ $days = 31 ] && echo "is served" || echo "refuses the weaker answer")" "$(visit)" "$([ $days = 31 ] && echo olleh)"
  kill -TERM "$(pid_of client)"; wait_for 10 ended client
done

echo 'wattle-pins 1 but not quite' >"$tmp/state/bad.txt"
exits "a damaged file is an error" 4 "$proxyd" client --listen 127.0.0.1:0 --connect localhost:"$port" --ca "$tmp/ca.pem" --state "$tmp/state/bad.txt"
is "and stays as it is" "$(cat "$tmp/state/bad.txt")" 'wattle-pins 1 but not quite'
finish
