#!/usr/bin/env bash
# New configurations and certificates while connections live on: by SIGHUP, by a changed file, and refused ones.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq
authority; leaf server first; echo_server
cat >"$tmp/proxy.ini" <<INI
[proxy]
workers = 2
watch = 300ms
log = $tmp/run.log
drain-timeout = 60s
[web]
mode = server
listen = 127.0.0.1:0
connect = 127.0.0.1:$echo_port
cert = server.pem
key = server.key
INI
: >"$tmp/run.log"
run() { "$proxyd" run --config "$tmp/proxy.ini" 2>"$tmp/run.err" & echo $! >"$tmp/run.pid"; at_end "stop_now $!"; wait_for 60 started run; logged run wattle.started; }
ok "a proxy by its file" run
port=$(port_of run '"web"')
ok "a client beside it" proxy client client --listen 127.0.0.1:0 --connect 127.0.0.1:"$port" --ca "$tmp/ca.pem" --server-name localhost --workers 1
in=$(port_of client)
subject() { "$openssl" s_client -connect 127.0.0.1:"$port" -CAfile "$tmp/ca.pem" </dev/null 2>/dev/null | "$openssl" x509 -noout -subject; }
is "the first certificate" "$(subject)" "subject=CN=first"
generation() { [ "$(state_of run .generation)" = "$1" ]; }

# 200 connections that must not notice
mkfifo "$tmp/stop"
"$peer" hold "$in" 200 <"$tmp/stop" >"$tmp/hold" & held=$!
exec 9>"$tmp/stop"
ok "200 connections are up" wait_for 30 grep -q running "$tmp/hold"
kill -HUP "$(pid_of run)"
ok "SIGHUP: a second generation" wait_for 30 generation 2
is "old workers drain" "$(workers_of run draining | wc -l)" 2
ok "new connections go to the new ones" "$peer" burst "$in" 20
leaf server second
ok "a changed certificate is taken by itself" wait_for 30 generation 3
is "it is shown to new clients" "$(subject)" "subject=CN=second"
ok "new connections are served during a reload" bash -c "kill -HUP $(pid_of run); '$peer' burst $in 60"
ok "a fourth generation" wait_for 30 generation 4

# what cannot be read is not taken
cp "$tmp/server.pem" "$tmp/good.pem"
echo garbage >"$tmp/server.pem"
ok "garbage for a certificate is refused" wait_for 20 logged run '"wattle.reload".*refused'
is "the old one stays in use" "$(subject)" "subject=CN=second"
is "status says so" "$(state_of run .reload.outcome)" refused
like "and why" "$(state_of run .reload.error)" "server.pem"
is "the generation is the same" "$(state_of run .generation)" 4
leaf stranger
cp "$tmp/good.pem" "$tmp/server.pem"; cp "$tmp/server.key" "$tmp/good.key"; cp "$tmp/stranger.key" "$tmp/server.key.new"; chmod 600 "$tmp/server.key.new"
kill -HUP "$(pid_of run)"; sleep 1.5
mv "$tmp/server.key.new" "$tmp/server.key"
sleep 1.5
is "another's key is refused too" "$(state_of run .reload.outcome)" refused
cp -p "$tmp/good.key" "$tmp/server.key"
ok "what is right again is taken again" wait_for 20 bash -c "[ \"\$('$proxyd' status --json | jq -r '.proxies[] | select(.pid == $(pid_of run)) | .reload.outcome')\" = ok ]"
kill -0 "$held" && pass "the 200 connections still run" || fail "the 200 connections still run" "$(cat "$tmp/hold")"

# services come and go
printf '[extra]\nmode = server\nlisten = 127.0.0.1:0\nconnect = 127.0.0.1:%s\ncert = server.pem\nkey = server.key\n' "$echo_port" >>"$tmp/proxy.ini"
ok "a new service opens its sockets" wait_for 20 logged run '"extra".*listening|listening.*"extra"'
extra=$(port_of run '"extra"')
ok "it accepts" bash -c "'$openssl' s_client -connect 127.0.0.1:$extra -CAfile '$tmp/ca.pem' </dev/null"
ok "the first kept its port" bash -c "'$openssl' s_client -connect 127.0.0.1:$port -CAfile '$tmp/ca.pem' </dev/null"
sed -i '/^\[extra\]/,$d' "$tmp/proxy.ini"
ok "a service that went accepts no more" wait_for 20 bash -c "! (exec 3<>/dev/tcp/127.0.0.1/$extra) 2>/dev/null"
cp "$tmp/proxy.ini" "$tmp/good.ini"
echo 'nonsense' >>"$tmp/proxy.ini"
ok "a file that cannot be read as one is refused" wait_for 20 bash -c "[ \"\$('$proxyd' status --json | jq -r '.proxies[] | select(.pid == $(pid_of run)) | .reload.outcome')\" = refused ]"
cp "$tmp/good.ini" "$tmp/proxy.ini"
wait_for 20 bash -c "[ \"\$('$proxyd' status --json | jq -r '.proxies[] | select(.pid == $(pid_of run)) | .reload.outcome')\" = ok ]"

exec 9>&-
wait "$held"; is "no connection was dropped over all of that" $? 0
diag "$(tail -n 1 "$tmp/hold")"
ok "old generations end with their connections" wait_for 20 bash -c "[ \"\$('$proxyd' status --json | jq '[.proxies[] | select(.pid == $(pid_of run)) | .workers[] | select(.state != \"serving\")] | length')\" = 0 ]"
kill -TERM "$(pid_of run)"
ok "it ends" wait_for 10 ended run
finish
