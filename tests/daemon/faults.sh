#!/usr/bin/env bash
# Peers, services and files that misbehave: each is told in the log, costs a bounded amount, and the next connection is served.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq curl
odd=$WATTLE_BUILD/tests/tls_peer load=$WATTLE_BUILD/tests/load_peer
authority; leaf localhost
upstream() { "$WATTLE_BUILD/tests/upstream_peer" "$1" >"$tmp/$1.port" & at_end "kill $! 2>/dev/null"; eval "$1_pid=$!"; wait_for 20 test -s "$tmp/$1.port"; eval "$1=$(cat "$tmp/$1.port")"; }
upstream echo; upstream flood; upstream hang; upstream reset; upstream deaf
last() { grep -a "$2" "$tmp/$1.log" | tail -n 1; }
stop() { kill -TERM "$(pid_of "$1")"; ok "${2:-it} ends" wait_for 20 ended "$1"; }
served() { is "${1:-the next one is served}" "$("$load" visit "$port" "$tmp/ca.pem")" ok; }

# --- what begins a connection
identity=(--cert "$tmp/localhost.pem" --key "$tmp/localhost.key")
ok "a server" proxy server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo" "${identity[@]}" --workers 1 --watch 0 --handshake-timeout 3s
port=$(port_of server)
worker=$(workers_of server)
told() { grep -aE "\"network.peer.port\":$1[,}].*" "$tmp/server.log" | grep -aE '"event":"tls\.' | tail -n 1; }
hello() { # CASE GOT OUTCOME WORDS
  local line from
  line=$("$odd" hello "$port" "$1") from=
  like "hello $1: $2" "$line" "^$1: ($2) after"
  from=${line##*port } ms=$(sed -nE 's/.* after ([0-9]+) ms.*/\1/p' <<<"$line")
  wait_for 20 told_has "$from"
  like "  which the log calls $3" "$(told "$from" | jq -r '"\(.["wattle.outcome"]): \(.["wattle.error.message"] // "")"')" "^$3: .*$4"
}
told_has() { [ -n "$(told "$1")" ]; }
hello pieces 'hello X25519MLKEM768' lost ''
hello records 'hello X25519MLKEM768' lost ''
hello 15k 'hello X25519MLKEM768' lost ''
hello 17k 'alert [0-9]+' rejected '16'
hello half 'closed' timeout 'handshake-timeout'
ok "  after the time that it has, no sooner (${ms:-?} ms)" test "${ms:-0}" -ge 2900
hello garbage 'closed' rejected 'does not speak TLS'
hello http 'closed' rejected 'speaks plain HTTP where TLS was expected'
hello tls12 'alert 70' rejected 'no TLS 1.3'
served
is "by the same worker" "$(workers_of server)" "$worker"
stop server "the server"

# --- services behind that refuse, reset, hang, or cannot be reached
free_port() { "$WATTLE_BUILD/tests/upstream_peer" echo >"$tmp/free" & local p=$!; wait_for 20 test -s "$tmp/free"; kill $p; wait $p 2>/dev/null; cat "$tmp/free"; }
closed=$(free_port)
cat >"$tmp/up.ini" <<INI
[proxy]
workers = 1
watch = 0
metrics = 127.0.0.1:0
INI
service() { printf '[%s]\nmode = server\nlisten = 127.0.0.1:0\ncert = localhost.pem\nkey = localhost.key\nconnect-timeout = 1s\nidle-timeout = 2s\n' "$1"; shift; printf 'connect = 127.0.0.1:%s\n' "$@"; }
{ service refused "$closed"; service reset "$reset"; service hung "$hang"; service deaf "$deaf"; service second "$closed" "$echo"; } >>"$tmp/up.ini"
ok "a server with bad services behind it" proxy up run --config "$tmp/up.ini"
pages=127.0.0.1:$(port_of up '"metrics"')
for s in refused reset hung deaf second; do declare "$s=$(port_of up "\"$s\"")"; done
broken() { port=$2; is "$1: the connection breaks" "$("$load" visit "$port" "$tmp/ca.pem")" broken; }
ends() { wait_for 20 logged up "\"event\":\"connection.end\",\"service.name\":\"$1\""; like "  for a reason that is told" "$(last up "connection.end\",\"service.name\":\"$1\"" | jq -r '.["wattle.error.message"]')" "$2"; }
broken refused "$refused"; ends refused 'cannot be reached.*refused'
broken reset "$reset"; ends reset 'reset|lost'
broken hung "$hung"; ends hung 'idle-timeout'
broken deaf "$deaf"; ends deaf 'cannot be reached.*timed out'
port=$second; served "of two, the one that answers is taken"
like "refused ones are counted" "$(curl -s "http://$pages/metrics")" 'proxy_upstream_errors_total\{service="refused",reason="refused"\} 1'
like "and late ones" "$(curl -s "http://$pages/metrics")" 'proxy_upstream_errors_total\{service="deaf",reason="timeout"\} 1'
none_open() { ! curl -s "http://$pages/metrics" | grep -E '^proxy_connections\{' | grep -qv ' 0$'; }
ok "nothing stays open" wait_for 20 none_open
stop up

# --- peers that do not read
memory() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; } # KiB
cat >"$tmp/slow.ini" <<INI
[proxy]
workers = 1
watch = 0
INI
{ service flood "$flood"; service hang "$hang"; service echo "$echo"; } | sed 's/idle-timeout = .*/idle-timeout = 60s/' >>"$tmp/slow.ini"
ok "a server before services that send, or read nothing" proxy slow run --config "$tmp/slow.ini"
worker=$(workers_of slow) n=40
port=$(port_of slow '"echo"'); served "which serves"
before=$(memory "$worker")
for s in flood hang echo; do
  "$load" stall "$(port_of slow "\"$s\"")" $n 12 >"$tmp/stall.$s" & eval "stall_$s=$!"
done
sleep 8
port=$(port_of slow '"echo"'); served "3 x $n peers that never read keep nobody from being served"
after=$(memory "$worker")
each=$(((after - before) / (3 * n)))
diag "memory with $((3 * n)) stalled connections: $before to $after KiB, $each KiB each"
instrumented && skip "a sanitizer's memory says nothing" || ok "each costs at most 640 KiB, however much is sent" test "$each" -le 640
for s in flood hang echo; do p=stall_$s; wait "${!p}"; is "none of those with $s was refused" "$(tail -n 1 "$tmp/stall.$s")" "0 failed"; done
stop slow

# --- certificates whose time is not now
dated() { # NAME FROM TO
  leaf "$1"
  "$openssl" x509 -req -in "$tmp/$1.csr" -CA "$tmp/ca.pem" -CAkey "$tmp/ca.key" -not_before "$2" -not_after "$3" -extfile "$tmp/$1.ext" -out "$tmp/$1.pem" >/dev/null 2>&1
}
dated expired 20200101000000Z 20210101000000Z
dated early 20900101000000Z 20910101000000Z
for when in expired early; do
  words=expired own='expired at 2021'; [ $when = early ] && words='not yet valid' own='valid from 2090'
  exits "the proxy does not begin with a certificate that is $words" 5 "$proxyd" server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo" --cert "$tmp/$when.pem" --key "$tmp/$when.key"
  says "  and says so" "$own"
  port=$(free_port)
  "$openssl" s_server -accept 127.0.0.1:"$port" -cert "$tmp/$when.pem" -key "$tmp/$when.key" -rev -quiet >/dev/null 2>&1 & other=$!; at_end "kill $other 2>/dev/null"
  wait_for 20 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
  ok "a client for a server of that kind" proxy client client --listen 127.0.0.1:0 --connect localhost:"$port" --ca "$tmp/ca.pem" --workers 1 --watch 0
  is "  carries nothing" "$("$load" plain "$(port_of client)")" broken
  ok "  and says why" wait_for 20 logged client "tls.handshake.*\"wattle.outcome\":\"(rejected|refused)\".*$words"
  stop client "the client"
  kill $other; wait $other 2>/dev/null
  ok "a server that asks for certificates" proxy asks server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo" "${identity[@]}" --client-ca "$tmp/ca.pem" --workers 1 --watch 0
  "$openssl" s_client -connect 127.0.0.1:"$(port_of asks)" -CAfile "$tmp/ca.pem" -cert "$tmp/$when.pem" -key "$tmp/$when.key" </dev/null >/dev/null 2>&1
  ok "  refuses a client's that is $words" wait_for 20 logged asks "tls.handshake.*\"wattle.outcome\":\"(rejected|refused)\".*$words"
  stop asks
done

# --- a new certificate that cannot be read
cp "$tmp/localhost.pem" "$tmp/now.pem"; cp -p "$tmp/localhost.key" "$tmp/now.key"
ok "a server" proxy server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo" --cert "$tmp/now.pem" --key "$tmp/now.key" --workers 1 --watch 0
port=$(port_of server)
serial() { "$openssl" s_client -connect 127.0.0.1:"$port" </dev/null 2>/dev/null | "$openssl" x509 -noout -serial; }
first=$(serial) count=0
refusals() { [ "$(grep -acE '"wattle.reload".*refused' "$tmp/server.log")" -ge "$1" ]; }
reload() { count=$((count + 1)); kill -HUP "$(pid_of server)"; ok "$1 is refused" wait_for 60 refusals "$count"; like "  by name" "$(last server '"wattle.reload".*refused')" "$2"; is "  the old one serves" "$(serial)" "$first"; }
rm "$tmp/now.pem"; reload "no file" now.pem
mkdir "$tmp/now.pem"; reload "a folder" now.pem; rmdir "$tmp/now.pem"
: >"$tmp/now.pem"; reload "an empty file" now.pem
head -c 300 "$tmp/localhost.pem" >"$tmp/now.pem"; reload "half a file" now.pem
cp "$tmp/expired.pem" "$tmp/now.pem"; cat "$tmp/expired.key" >"$tmp/now.key"; reload "one that is over" 'now.pem.*expired'; cat "$tmp/localhost.key" >"$tmp/now.key"
leaf other; cp "$tmp/other.pem" "$tmp/now.pem"; reload "one of another key" 'now.(pem|key)'
cp "$tmp/localhost.pem" "$tmp/now.pem"; chmod 666 "$tmp/now.key"; reload "a key that all may read" now.key; chmod 600 "$tmp/now.key"
served
stop server "the server"

# --- connections kept ready for a server that goes and comes
ok "a server" proxy server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo" "${identity[@]}" --workers 1 --watch 0
port=$(port_of server)
ok "a client that keeps four ready" proxy client client --listen 127.0.0.1:0 --connect localhost:"$port" --ca "$tmp/ca.pem" --workers 1 --watch 0 --pool 4 --connect-timeout 2s --metrics 127.0.0.1:0
pages=127.0.0.1:$(port_of client '"metrics"') in=$(port_of client)
ready() { curl -s "http://$pages/metrics" | grep -qE "^proxy_pool_connections\{[^}]*\} $1\$"; }
ok "  has four" wait_for 30 ready 4
kill -KILL "$(workers_of server)" "$(pid_of server)"
ok "the server is gone: none is ready" wait_for 30 ready 0
is "  who comes is told at once" "$(timeout 10 "$load" plain "$in")" broken
ok "the server is back" proxy server server --listen 127.0.0.1:"$port" --connect 127.0.0.1:"$echo" "${identity[@]}" --workers 1 --watch 0
ok "  four are ready by themselves" wait_for 90 ready 4
is "  who comes is served" "$("$load" plain "$in")" ok
stop client "the client"
stop server "the server"

# --- 10,000 that say nothing
n=${IDLE_CONNECTIONS:-10000} most=$(ulimit -Hn)
[ "$most" = unlimited ] && most=1000000
instrumented && n=300
ulimit -n "$most" 2>/dev/null
[ "$most" -ge $((n + n / 4 + 200)) ] || { n=$(((most - 200) * 4 / 5)); diag "only $most descriptors: $n connections"; }
ok "a server" proxy server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo" "${identity[@]}" --workers 2 --watch 0 --max-connections 20000
port=$(port_of server)
worker=$(workers_of server)
served
pss() { for p in $worker; do cat "/proc/$p/smaps_rollup" 2>/dev/null; done | awk '/^Pss_Anon:/ {v += $2} END {print v}'; } # KiB
before=$(pss)
coproc IDLE { "$load" idle "$port" "$tmp/ca.pem" "$n"; }
ask=${IDLE[1]} hear=${IDLE[0]} idle_pid=$IDLE_PID
read -t 600 -r up <&"$hear"
is "$n idle connections" "$up" "$n up"
sleep 1
after=$(pss)
if [ -z "$before" ] || instrumented; then skip "the memory of another process is not shown here"
else
  bytes=$(((after - before) * 1024 / n))
  diag "proportional set size, anonymous: $before to $after KiB; $bytes bytes a connection"
  ok "an idle connection costs at most 40 KiB" test "$bytes" -le 40960
fi
served "new ones are served beside them"
echo check >&"$ask"; read -t 120 -r line <&"$hear"
is "the idle ones still answer" "$line" "$(((n + 99) / 100)) of $(((n + 99) / 100)) answer"
exec {ask}>&-
wait "$idle_pid" 2>/dev/null
empty() { [ "$(workers_connections)" = 0 ]; }
workers_connections() { state_of server '[.workers[].connections] | add'; }
ok "all are forgotten when they go" wait_for 60 empty
served
is "by the same workers" "$(workers_of server)" "$worker"
stop server "the server"
is "no sanitizer has a word to say" "$(grep -lE 'AddressSanitizer|LeakSanitizer|runtime error' "$tmp"/*.err)" ""
finish
