# Other people's programs with wattle.so, by the settings that `make install` ships: nginx, HAProxy, curl and Redis of Debian 13, each linked
# with that suite's OpenSSL 3.5. Wattle's counters say who served each handshake.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
requires_command timeout cmake
case $(sed -n 's/^WATTLE_\(SANITIZE\|COVERAGE\):[A-Z]*=\(.*\)/\2/p' "$WATTLE_BUILD/CMakeCache.txt" | tr -d '\n') in
  ''|OFF) ;;
  *) skip_all "an instrumented wattle.so does not load into a program that is not" ;;
esac
[ -e "$WATTLE_BUILD/lib/wattle.so" ] || skip_all "$WATTLE_BUILD/lib/wattle.so is not built"
peer=$("$WATTLE_SOURCE/tools/fetch-peer" --suite trixie --whole curl nginx haproxy openssl redis-server redis-tools 2>"$tmp/fetch") ||
  skip_all "Debian 13's programs cannot be had here: $(tail -n1 "$tmp/fetch")"
run=$peer/launch
"$run" openssl version >"$tmp/version" 2>&1 || skip_all "Debian 13's programs do not run here: $(tail -n1 "$tmp/version")"
cd "$tmp" || exit 1
unset OPENSSL_CONF WATTLE_CPU http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
cmake --install "$WATTLE_BUILD" --prefix "$tmp/opt" >install.log 2>&1 || { cat install.log; echo "Bail out! make install"; exit 1; }
share=$tmp/opt/share/wattle
diag "$(cat version)"

pids=()
# Only what was started here, by its number.
stop_all() { [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; }
at_end stop_all

# settings NAME: NAME.cnf is what was shipped, with the line `report` filled in and an empty report.
settings() {
  sed "s|^# report = .*|report = $tmp/$1.report|" "$share/openssl/wattle.cnf" >"$1-wattle.cnf"
  sed "s|^[.]include .*/wattle.cnf|.include $tmp/$1-wattle.cnf|" "$share/openssl/openssl.cnf" >"$1.cnf"
  : >"$1.report"
}
# counted NAME COUNTER: over all processes that ended since the last `forget NAME`.
counted() { grep -o " $2=[0-9]*" "$1.report" | awk -F= '{ n += $2 } END { print n + 0 }'; }
reports() { grep -cE "^wattle pid=[0-9]+ program=$2 cpu=" "$1.report"; }
forget() { local n; for n in "$@"; do : >"$n.report"; done; }
at_least() { if [ "$2" -ge "$3" ]; then pass "$1"; else fail "$1" "$2, wanted $3 or more"; fi; }
soon() { local i; for i in $(seq 200); do ! "$@" >/dev/null 2>&1 || return 0; sleep 0.05; done; return 1; }
gone() { ! kill -0 "$1" 2>/dev/null; }
with() { local c=$1; shift; OPENSSL_CONF=$c timeout 60 "$run" "$@"; }
# get CONF SOCKET ARGUMENTS...: what $url, or https://localhost/, says there.
get() { local c=$1 socket=$2; shift 2; with "$c" curl -q -sS --unix-socket "$socket" --cacert both.pem "$@" "${url:-https://localhost/}"; }
calm() { is "$1: nothing crashed" "$(grep -iE 'exited on signal|segmentation|abort|core dumped|panic|bug' "$2")" ''; }
# start PROGRAM...: in the background, in $pid.
start() { "$@" & pid=$!; pids+=("$pid"); }
ends() { if soon gone "$2"; then wait "$2"; is "$1" "$?" 0; else fail "$1" "it goes on"; fi; }

: >none.cnf
settings client; settings server
plain=$tmp/none.cnf client=$tmp/client.cnf server=$tmp/server.cnf
like "the shipped settings activate wattle" "$(with "$share/openssl/openssl.cnf" openssl list -providers 2>&1)" 'name: Wattle'
like "alone too" "$(with "$share/openssl/wattle.cnf" openssl list -providers 2>&1)" 'name: Wattle'
exits "doctor finds them in order" 0 env -u OPENSSL_CONF "$wattle" doctor --openssl-conf "$share/openssl/openssl.cnf"
printf '[req]\ndistinguished_name = dn\n[dn]\n' >req.cnf
for key in mldsa65:ML-DSA-65: p256:EC:ec_paramgen_curve:P-256; do
  IFS=: read -r name alg option <<<"$key"
  ok "a certificate of $alg" with "$plain" openssl req -x509 -newkey "$alg" ${option:+-pkeyopt "$option"} -nodes -keyout "$name.key" -out "$name.pem" \
    -days 2 -subj "/CN=$name" -addext subjectAltName=DNS:localhost -config req.cnf
  cat "$name.pem" "$name.key" >"$name.both"
done
cat mldsa65.pem p256.pem >both.pem

# --- openssl speed
speed() { # ARGUMENTS...
  with "$client" openssl speed -seconds 1 "$@" >speed.out 2>&1 || { fail "openssl speed $*" "$(tail -n3 speed.out)"; return; }
  pass "openssl speed $*"
}
forget client
speed -kem-algorithms ML-KEM-768 X25519MLKEM768
for c in mlkem-keygen mlkem-encaps mlkem-decaps hybrid-keygen hybrid-encaps hybrid-decaps; do at_least "  $c by wattle" "$(counted client $c)" 100; done
speed -signature-algorithms ML-DSA-65
for c in mldsa-keygen mldsa-sign mldsa-verify; do at_least "  $c by wattle" "$(counted client $c)" 100; done
speed ecdhx25519
at_least "  x25519-derive by wattle" "$(counted client x25519-derive)" 100

# --- nginx
mkdir -p logs
user=; [ "$(id -u)" -ne 0 ] || user='user root;'
cat >nginx.conf <<CONF
$user
worker_processes 2;
daemon on;
pid $tmp/nginx.pid;
error_log $tmp/nginx.log notice;
env OPENSSL_CONF;
events { worker_connections 512; }
http {
  include $share/nginx/wattle.conf;
  access_log off;
  map \$ssl_curve \$name { 0x11ec X25519MLKEM768; default \$ssl_curve; }  # a group that has no number of OpenSSL's
  ssl_session_cache off;
  ssl_session_tickets off;
  client_body_temp_path $tmp/logs; proxy_temp_path $tmp/logs; fastcgi_temp_path $tmp/logs; uwsgi_temp_path $tmp/logs; scgi_temp_path $tmp/logs;
  server {
    listen unix:$tmp/nginx.sock ssl;
    ssl_certificate mldsa65.pem; ssl_certificate_key mldsa65.key;
    ssl_certificate p256.pem; ssl_certificate_key p256.key;
    location / { default_type text/plain; return 200 "\$ssl_protocol \$name\n"; }
  }
}
CONF
nginx() { local c=$1; shift; with "$c" nginx -e "$tmp/nginx.log" -p "$tmp" -c "$tmp/nginx.conf" "$@"; }
nginx_stops() { # HOW
  local n; n=$(cat nginx.pid)
  ok "nginx: $1" kill "-$2" "$n"
  soon gone "$n" || fail "nginx: $1: it goes on"
}
for pair in "server client" "server plain" "plain client"; do
  read -r s c <<<"$pair"
  forget server client; rm -f nginx.sock
  ok "nginx ($s): starts" nginx "${!s}"
  is "nginx ($s), curl ($c): answers over the hybrid" "$(get "${!c}" nginx.sock --curves X25519MLKEM768)" "TLSv1.3 X25519MLKEM768"
  is "  and over X25519" "$(get "${!c}" nginx.sock --curves X25519)" "TLSv1.3 X25519"
  nginx_stops "quit" QUIT
  if [ "$s" = server ]; then
    is "  nginx: wattle signed" "$(counted server mldsa-sign)" 2
    is "  and encapsulated" "$(counted server hybrid-encaps)" 1
    is "  and agreed" "$(counted server x25519-derive)" 1
    is "  the launcher, the master and two workers reported" "$(reports server nginx)" 4
  else is "  nginx does without wattle" "$(cat server.report)" ''; fi
  if [ "$c" = client ]; then
    is "  curl: wattle made the hybrid's keys" "$(counted client hybrid-keygen)/$(counted client hybrid-decaps)" 1/1
    at_least "  and verified" "$(counted client mldsa-verify)" 2
    is "  each curl reported" "$(reports client curl)" 2
  else is "  curl does without wattle" "$(cat client.report)" ''; fi
done
calm nginx nginx.log

forget server client; rm -f nginx.sock
ok "nginx: starts" nginx "$server"
many() { # PROGRAMS EACH: that many connections, all at once for each program
  local i n
  for i in $(seq "$1"); do
    url="https://localhost/[1-$2]" get "$client" nginx.sock -Z --http1.1 --parallel-immediate --parallel-max "$2" -H 'Connection: close' -o "answer$i.#1" >/dev/null 2>&1 &
  done
  n=0; for i in $(jobs -rp); do case " ${pids[*]-} " in *" $i "*) ;; *) wait "$i" || n=1 ;; esac; done
  return $n
}
rm -f answer*
ok "200 connections at once" many 2 100
is "each was answered" "$(cat answer* | sort | uniq -c | tr -s ' ')" " 200 TLSv1.3 X25519MLKEM768"
old=$(pgrep -P "$(cat nginx.pid)" | sort | tr '\n' ' ')
for i in 1 2 3; do ok "nginx: reload $i" kill -HUP "$(cat nginx.pid)"; get "$client" nginx.sock >/dev/null; done
renewed() { [ -z "$(pgrep -P "$(cat nginx.pid)" | grep -xF "$(tr ' ' '\n' <<<"$old" | grep .)")" ]; }
ok "nginx: the old workers went" soon renewed
is "nginx: still answers" "$(get "$client" nginx.sock)" "TLSv1.3 X25519MLKEM768"
nginx_stops "fast stop" TERM
at_least "wattle signed for all" "$(counted server mldsa-sign)" 204
at_least "the workers of each generation reported" "$(reports server nginx)" 5
calm nginx nginx.log

# --- HAProxy: its own lines activate the provider; OPENSSL_CONF only says where it lies and to report.
sed -e '/^providers = /!{/^activate = 1/d}' -e '/^alg_section/d' server-wattle.cnf >haproxy.cnf
forget server
is "HAProxy's openssl.cnf activates nothing" "$(with "$tmp/haproxy.cnf" openssl list -providers 2>&1 | grep -c Wattle)" 0
cat >haproxy.cfg <<CONF
global
    log stderr format raw local0
    stats socket $tmp/haproxy.stats level admin
    maxconn 1000
    tune.ssl.cachesize 0
    hard-stop-after 10s
defaults
    mode http
    timeout client 20s
    timeout server 20s
    timeout connect 5s
frontend tls
    bind unix@$tmp/haproxy.sock ssl crt $tmp/CERT no-tls-tickets
    http-request return status 200 content-type text/plain lf-string "%[ssl_fc_protocol] %[ssl_fc_curve]"
CONF
haproxy() { # CERTIFICATE OURS
  local ours=()
  rm -f haproxy.sock
  [ "$2" = no ] || ours=(-f "$share/haproxy/wattle.cfg")
  sed "s/CERT/$1/" haproxy.cfg >haproxy-now.cfg
  OPENSSL_CONF=$tmp/haproxy.cnf start "$run" haproxy -db ${ours[@]+"${ours[@]}"} -f "$tmp/haproxy-now.cfg" 2>>haproxy.log
  soon [ -S haproxy.sock ]
}
for cert in mldsa65 p256; do
  forget server client
  ok "HAProxy, $cert: starts" haproxy "$cert.both" yes
  is "HAProxy, $cert: answers over the hybrid" "$(get "$client" haproxy.sock)" "TLSv1.3 X25519MLKEM768"
  is "  and to a curl without wattle" "$(get "$plain" haproxy.sock)" "TLSv1.3 X25519MLKEM768"
  is "  and over X25519" "$(get "$plain" haproxy.sock --curves X25519)" "TLSv1.3 X25519"
  kill -USR1 "$pid"
  ends "HAProxy, $cert: soft stop" "$pid"
  is "  wattle encapsulated" "$(counted server hybrid-encaps)" 2
  is "  and agreed" "$(counted server x25519-derive)" 1
  is "  and signed where it can" "$(counted server mldsa-sign)" "$([ $cert = mldsa65 ] && echo 3 || echo 0)"
  is "  it reported once" "$(reports server haproxy)" 1
done
forget server client
ok "HAProxy without our lines: starts" haproxy mldsa65.both no
like "  answers" "$(get "$client" haproxy.sock)" "^TLSv1.3 "
kill -USR1 "$pid"; ends "  soft stop" "$pid"
is "  by default's code" "$(cat server.report)" ''
forget server client
ok "HAProxy: starts for many" haproxy mldsa65.both yes
rm -f answer* nginx.sock; ln -s haproxy.sock nginx.sock
ok "200 connections at once" many 2 100
is "each was answered" "$(cat answer* | grep -o 'TLSv1.3 X25519MLKEM768' | wc -l)" 200
kill -USR1 "$pid"; ends "soft stop" "$pid"
is "wattle signed for each" "$(counted server mldsa-sign)" 200
calm HAProxy haproxy.log

# --- Redis 8
forget server client
redis() { # PORT
  OPENSSL_CONF=$server start "$run" redis-server --port 0 --tls-port "$1" --bind 127.0.0.1 --tls-cert-file "$tmp/mldsa65.pem" --tls-key-file "$tmp/mldsa65.key" \
    --tls-ca-cert-file "$tmp/mldsa65.pem" --tls-auth-clients no --save '' --dir "$tmp" --logfile "$tmp/redis.log"
  soon grep -qE 'Ready to accept|bind: |Failed' redis.log && grep -q 'Ready to accept' redis.log
}
for try in 1 2 3; do port=$((20000 + RANDOM % 20000)); : >redis.log; redis $port && break; done
cli() { with "$client" redis-cli -h localhost -p "$port" --tls --cacert both.pem --sni localhost "$@" 2>redis.err; }
is "Redis: SET" "$(cli SET weights sealed)" OK
is "Redis: GET" "$(cli GET weights)" sealed
cli SHUTDOWN NOSAVE >/dev/null
ends "Redis: shutdown" "$pid"
is "  wattle signed" "$(counted server mldsa-sign)" 3
is "  and encapsulated" "$(counted server hybrid-encaps)" 3
at_least "  redis-cli: wattle verified" "$(counted client mldsa-verify)" 3
finish
