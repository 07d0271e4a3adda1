#!/usr/bin/env bash
# The log: a file of its own mode, opened anew on request, and a reader of a pipe that stops.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq curl
authority; leaf server; echo_server
log=$tmp/server.log
start() { "$proxyd" server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo_port" --cert "$tmp/server.pem" --key "$tmp/server.key" --workers 2 --watch 0 --log "$log" \
  2>"$tmp/server.err" & echo $! >"$tmp/server.pid"; at_end "stop_now $!"; wait_for 60 started server; logged server wattle.started; }
umask 022
ok "a log file" start
is "only the owner and his group read it" "$(stat -c %a "$log")" 640
ok "every line is JSON" jq -e .time "$log"
port=$(port_of server)
visit() { "$openssl" s_client -connect 127.0.0.1:"$port" -CAfile "$tmp/ca.pem" </dev/null >/dev/null 2>&1; sleep 0.3; }
visit
ok "a connection is told" logged server X25519MLKEM768
mv "$log" "$tmp/old.log"
kill -USR1 "$(pid_of server)"
ok "SIGUSR1 opens it anew" wait_for 5 test -e "$log"
for _ in 1 2 3 4 5 6; do visit; done
old=$(wc -l <"$tmp/old.log")
for _ in 1 2 3 4 5 6; do visit; done
is "nothing more goes to the old one" "$(wc -l <"$tmp/old.log")" "$old"
ok "but to the new one" logged server X25519MLKEM768
rm "$log"; mkdir "$log"
kill -USR1 "$(pid_of server)"; sleep 0.5; visit
ok "a log that cannot be opened changes nothing" visit
rmdir "$log"
mv "$tmp/old.log" "$log.1"
kill -HUP "$(pid_of server)"
ok "SIGHUP opens it anew, too" wait_for 10 test -s "$log"
kill -TERM "$(pid_of server)"; ok "it ends" wait_for 10 ended server

# nobody reads the pipe
mkfifo "$tmp/pipe"
sleep 1000 <"$tmp/pipe" & at_end "kill $! 2>/dev/null"
"$proxyd" server --listen unix:"$tmp/in.sock" --connect 127.0.0.1:"$echo_port" --cert "$tmp/server.pem" --key "$tmp/server.key" --workers 1 --metrics 127.0.0.1:0 \
  --control "$tmp/control.sock" >"$tmp/pipe" 2>"$tmp/pipe.err" & pid=$!; at_end "stop_now $pid"
running() { pages=$("$proxyd" status --control "$tmp/control.sock" --json | jq -r '.proxies[0] | select(.state == "running").metrics') && [[ $pages == *:* ]]; }
ok "a proxy whose log nobody reads" wait_for 60 running
# Until the pipe is full, and beyond.
lost() { curl -s "http://$pages/metrics" | grep -qE '^proxy_log_lines_lost_total [1-9]'; }
served=0 visits=0
until lost || [ $visits -ge 3000 ]; do
  for _ in 1 2 3 4 5 6 7 8; do "$openssl" s_client -unix "$tmp/in.sock" </dev/null 2>/dev/null | grep -q 'BEGIN CERT' && served=$((served + 1)); visits=$((visits + 1)); done
done
ok "what was lost is counted: proxy_log_lines_lost_total" lost
for _ in 1 2 3 4 5 6 7 8; do "$openssl" s_client -unix "$tmp/in.sock" </dev/null 2>/dev/null | grep -q 'BEGIN CERT' && served=$((served + 1)); visits=$((visits + 1)); done
is "a full pipe stops nothing" "$served" "$visits"
finish
