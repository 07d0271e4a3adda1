#!/usr/bin/env bash
# Workers that die, run out of descriptors, or are looked into: what goes on, and what they hold.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq curl
authority; leaf server; echo_server

ok "a server" proxy server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo_port" --cert "$tmp/server.pem" --key "$tmp/server.key" \
  --workers 2 --metrics 127.0.0.1:0
port=$(port_of server)
pages=127.0.0.1:$(port_of server '"metrics"')
ok "a client" proxy client client --listen 127.0.0.1:0 --connect 127.0.0.1:"$port" --ca "$tmp/ca.pem" --server-name localhost --workers 1
in=$(port_of client)
seccomp() { sed -n 's/^Seccomp:\s*//p' "/proc/$1/status"; }
children() { ps -o pid= --ppid "$(pid_of "$1")" | tr -d ' '; }
for pid in $(children server); do
  is "process $pid is in its sandbox" "$(seccomp "$pid")" 2
  is "and may gain no rights" "$(sed -n 's/^NoNewPrivs:\s*//p' "/proc/$pid/status")" 1
  is "and dumps no core" "$(awk '/Max core/ {print $5}' "/proc/$pid/limits")" 0
done
is "two workers and the child of pages" "$(children server | wc -l)" 3

# the private key lies in the workers alone
key=$("$openssl" pkey -in "$tmp/server.key" -noout -text | awk '/^priv:/ {on=1; next} /^pub:/ {on=0} on' | tr -d ' :\n' | sed 's/^00\(.\{64\}\)$/\1/')
if [ "$(id -u)" -eq 0 ] && "$peer" scan $$ "$key" >/dev/null; then
  for pid in $(workers_of server); do like "worker $pid has the key" "$("$peer" scan "$pid" "$key")" '^[1-9]'; done
  is "the supervisor has not" "$("$peer" scan "$(pid_of server)" "$key")" 0
  for pid in $(children server); do
    workers_of server | grep -qx "$pid" || is "nor has the child of pages" "$("$peer" scan "$pid" "$key")" 0
  done
else
  skip "needs root to look into processes"
fi

# one is killed
mkfifo "$tmp/stop"
"$peer" hold "$in" 100 <"$tmp/stop" >"$tmp/hold" & held=$!
exec 9>"$tmp/stop"
ok "100 connections are up" wait_for 30 grep -q running "$tmp/hold"
victim=$(workers_of server | head -n 1)
connections() { state_of server ".workers[] | select(.pid == $1) | .connections"; }
all_known() { [ "$(state_of server '[.workers[].connections] | add')" = 100 ]; }
ok "both workers told of theirs" wait_for 30 all_known
theirs=$(connections "$victim")
kill -KILL "$victim"
ok "another takes its place" wait_for 20 bash -c "'$proxyd' status --json | jq -e '[.proxies[] | select(.pid == $(pid_of server)) | .workers[] | select(.state == \"serving\" and .pid != $victim)] | length == 2'"
ok "new connections are served" "$peer" burst "$in" 40
ok "it is in the log" logged server '"wattle.worker".*SIGKILL'
like "and counted" "$(curl -s "http://$pages/metrics")" 'proxy_worker_exits_total\{signal="SIGKILL"\} 1'
exec 9>&-
wait "$held"
is "only its own connections broke" "$(grep -oE '[0-9]+ broken' "$tmp/hold" | tail -n 1)" "$theirs broken"
forgotten() { curl -s "http://$pages/metrics" | grep -qE 'proxy_connections\{[^}]*role="server"[^}]*\} 0'; }
ok "what the dead one had open is forgotten" wait_for 20 forgotten

# the child of pages is killed
clerk() { comm -23 <(children server | sort) <(workers_of server | sort); }
kill -KILL "$(clerk)"
ok "its pages come back" wait_for 20 curl -sf "http://$pages/healthz"

# Again and again. The supervisor keeps the socket of a dead worker for the next, so what the kernel had queued there waits and is served; nothing is lost but what
# the dead one had accepted. With deaths in a row the pause grows, and at the fifth the socket is closed: then the others get all that is new.
all_serve() { [ "$(workers_of server | wc -l)" -eq 2 ]; }
index_of() { state_of server ".workers[] | select(.pid == $1) | .worker"; }
pid_at() { state_of server ".workers[] | select(.worker == $1 and .state == \"serving\") | .pid"; }
index=$(index_of "$(workers_of server | head -n 1)")
for i in 1 2 3; do
  kill -STOP "$(pid_of server)" # a busy machine: the supervisor learns of it late
  kill -KILL "$(pid_at "$index")"
  "$peer" burst "$in" 10 >"$tmp/burst" & burst=$!
  sleep 0.3
  kill -CONT "$(pid_of server)"
  wait $burst && pass "death $i: all new connections are served" || fail "death $i: all new connections are served" "$(cat "$tmp/burst")"
  ok "  and the worker is back" wait_for 60 all_serve
done
before=$(pid_at "$index")
kill -KILL "$before"
follows() { local now; now=$(pid_at "$index"); [ -n "$now" ] && [ "$now" != "$before" ]; }
wait_for 60 follows
kill -KILL "$(pid_at "$index")"
deaths() { [ "$(grep -ac '"wattle.worker".*SIGKILL' "$tmp/server.log")" -ge 6 ]; }
ok "five deaths of one in a row" wait_for 20 deaths
sleep 0.2
ok "  its share goes to the other, at once" bash -c "'$peer' burst $in 20 >'$tmp/burst'; cat '$tmp/burst'; sed -nE 's/.*longest ([0-9]+) ms/\1/p' '$tmp/burst' | awk '{ exit !(\$1 < 1500) }' && grep -q ' 0 broken' '$tmp/burst'"
ok "  until it is back" wait_for 60 all_serve
is "the supervisor is the same" "$(ended server; echo $?)" 1

# a supervisor that is killed takes nobody's connection
: >"$tmp/hold"
"$peer" hold "$in" 10 <"$tmp/stop" >"$tmp/hold" & held=$!
exec 9>"$tmp/stop"
wait_for 30 grep -q running "$tmp/hold"
orphans=$(children server)
kill -KILL "$(pid_of server)"
exec 9>&-
ok "workers without supervisor let connections end" wait "$held"
gone() { local p; for p in $orphans; do ! kill -0 "$p" 2>/dev/null || return 1; done; }
ok "and end then" wait_for 20 gone
kill -TERM "$(pid_of client)"; wait_for 10 ended client

# few descriptors: connections wait, nobody dies
few() { (ulimit -n 64; exec "$proxyd" server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo_port" --cert "$tmp/server.pem" --key "$tmp/server.key" \
  --workers 1 --watch 0 --handshake-timeout 3s >"$tmp/few.log" 2>"$tmp/few.err") & echo $! >"$tmp/few.pid"; at_end "stop_now $!"; wait_for 60 started few; logged few wattle.started; }
ok "a server with 64 descriptors" few
port=$(port_of few)
ok "a client for it" proxy client client --listen 127.0.0.1:0 --connect 127.0.0.1:"$port" --ca "$tmp/ca.pem" --server-name localhost --workers 1
in=$(port_of client)
is "100 connections are too many" "$(timeout 60 "$peer" hold "$in" 100 < <(sleep 1) >"$tmp/hold"; echo $?)" 1
ok "afterwards all is served" wait_for 20 "$peer" burst "$in" 20
ok "that they waited is in the log" logged few 'wattle.accept.*cannot be accepted.*they wait'
is "no worker died" "$(grep -c '"wattle.worker"' "$tmp/few.log")" 0
finish
