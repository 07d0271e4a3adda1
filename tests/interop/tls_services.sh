# Services of other makers behind and in front of the proxy. Most are carried as in a cluster, by both sides of it: a client of the service ->
# `wattle proxy client` -> hybrid TLS, mutual, under pq-only -> `wattle proxy server` -> the service.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
. "$WATTLE_SOURCE/tests/lib/daemon.sh"
. "$WATTLE_SOURCE/tests/lib/matrix.sh"
requires_command jq node timeout curl
cd "$tmp" || exit 1
unset PGSSLMODE PGHOST PGPORT
row_section=Services

authority
leaf server localhost
leaf sidecar sidecar
hybrid=X25519MLKEM768 ecdsa=ecdsa_secp256r1_sha256

# one NAME server|client [--listen ADDRESS] WORDS...: one side of the proxy; $at is the port where it listens.
one() {
  local name=$1 side=$2 listen=(--listen 127.0.0.1:0); shift 2
  [ "$1" != --listen ] || listen=()
  proxy "$name" "$side" "${listen[@]+"${listen[@]}"}" --workers 1 --control "$name.sock" --state "$name.pins" "$@" || { fail "$name: the proxy starts" "$(cat "$name.err")"; return 1; }
  at=$(port_of "$name")
  mark "$name"
}
as_server=(--cert server.pem --key server.key) as_client=(--server-name localhost --ca ca.pem)
# through NAME ADDRESS [SERVER WORDS... [-- CLIENT WORDS...]]: both sides around what listens at ADDRESS; $near is the plain port to use instead.
through() {
  local name=$1 to=$2 s=() c=() words=s w; shift 2
  for w; do if [ "$w" = -- ]; then words=c; elif [ $words = s ]; then s+=("$w"); else c+=("$w"); fi; done
  one "$name-far" server --connect "$to" "${as_server[@]}" --client-ca ca.pem --policy pq-only "${s[@]+"${s[@]}"}" &&
    one "$name-near" client --connect "127.0.0.1:$at" "${as_client[@]}" --cert sidecar.pem --key sidecar.key --policy pq-only "${c[@]+"${c[@]}"}" || return
  near=$at
}
# carried NAME WHAT RESUMED: what the server side saw
carried() {
  is "  the sidecar's certificate was looked at" "$(field "$(handshake "$1-far" '.["tls.resumed"] | not')" wattle.peer)" localhost
  took "$1-far" "carried: $2" $hybrid $ecdsa no "$3"
}
peer() { row_name=$1; [ $# -lt 2 ] || row_version=$2; }
file_says() { wait_for 30 test -s "$1" && cat "$1"; }
# What is behind a Unix socket needs no free port.
if debian_peer curl nginx haproxy openssl redis-server redis-tools; then
  version() { "$launch" "$@" 2>&1; }

  # --- Redis
  mkdir redis
  peer Redis "$(version redis-server --version | sed 's/.*v=\([^ ]*\).*/\1/')"
  serve "$launch" redis-server --port 0 --unixsocket "$tmp/redis/sock" --dir "$tmp/redis" --save '' --appendonly no
  wait_for 20 test -S redis/sock
  if through redis "unix:$tmp/redis/sock"; then
    redis() { timeout 30 "$launch" redis-cli -p "$near" "$@" 2>&1; }
    is "Redis: SET" "$(redis set model "$(head -c 4493 /dev/zero | tr '\0' x)")" OK
    is "  GET of 4,493 bytes" "$(redis get model | tr -d '\n' | wc -c)" 4493
    ok "  redis-benchmark, 20 connections, pipelined" timeout 60 "$launch" redis-benchmark -p "$near" -n 20000 -c 20 -P 16 -t set,get -q
    clients() { "$launch" redis-cli -s redis/sock client list | wc -l; }
    alone() { [ "$(clients)" -eq 1 ]; }
    ok "  no connection is left hanging in the server" wait_for 20 alone
    carried redis "redis-cli, redis-benchmark" yes
  fi

  # --- nginx: as a TLS server that the client side calls; as a plain one behind PROXY v2
  cat >nginx.conf <<CONF
$([ "$(id -u)" -ne 0 ] || echo 'user root;')
daemon off; pid nginx.pid; error_log nginx.err;
events {}
http {
  access_log access.log; client_body_temp_path n1; proxy_temp_path n2; fastcgi_temp_path n3; uwsgi_temp_path n4; scgi_temp_path n5;
  server { listen unix:$tmp/nginx.tls ssl; ssl_certificate server.pem; ssl_certificate_key server.key; ssl_protocols TLSv1.3; location / { return 200 "nginx over tls\n"; } }
  server { listen unix:$tmp/nginx.via proxy_protocol; location / { return 200 "via \$proxy_protocol_addr:\$proxy_protocol_port\n"; } }
}
CONF
  serve "$launch" nginx -p "$tmp" -c nginx.conf
  wait_for 20 test -S nginx.via
  peer nginx "$(version nginx -v | sed 's|.*/||')"
  get() { timeout 30 curl -q -sS "$@" 2>&1; }
  row_section="TLS servers"
  if one nginx-near client --connect "unix:$tmp/nginx.tls" "${as_client[@]}"; then
    is "nginx's TLS, called by the client side" "$(get "http://127.0.0.1:$at/")" "nginx over tls"
    is "  twice" "$(get "http://127.0.0.1:$at/")" "nginx over tls"
    took nginx-near hybrid $hybrid $ecdsa no yes
  fi
  row_section=Services
  if one nginx-far server --connect "unix:$tmp/nginx.via" "${as_server[@]}" --send-proxy; then
    like "nginx learns the client's address by PROXY v2" \
      "$(timeout 30 "$launch" curl -q -sS --cacert ca.pem --local-port 40000-40999 "https://localhost:$at/" 2>&1)" '^via 127[.]0[.]0[.]1:40[0-9]{3}$'
    took nginx-far "carried: PROXY v2 to it" $hybrid $ecdsa no -
  fi

  # --- HAProxy: in front, with PROXY v2 to us; behind, with PROXY v2 from us; and as a TLS server
  if one haproxy-far server --listen "unix:$tmp/far.sock" --connect "unix:$tmp/nginx.via" "${as_server[@]}" --accept-proxy --send-proxy &&
    one haproxy-via server --connect "unix:$tmp/haproxy.via" "${as_server[@]}" --send-proxy; then
    via=$at
    cat server.pem server.key >server.both
    cat >haproxy.cfg <<CFG
global
  log stderr local0 err
defaults
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend front
  mode tcp
  bind 127.0.0.1:0 name front
  default_backend wattle
backend wattle
  mode tcp
  server w unix@$tmp/far.sock send-proxy-v2
frontend via
  mode http
  bind unix@$tmp/haproxy.via accept-proxy
  http-request return status 200 content-type text/plain lf-string "haproxy saw %ci:%cp"
frontend tls
  mode http
  bind unix@$tmp/haproxy.tls ssl crt $tmp/server.both ssl-min-ver TLSv1.3
  http-request return status 200 content-type text/plain string "haproxy over tls"
CFG
    front=$(free_port)
    sed -i "s/127.0.0.1:0 name front/127.0.0.1:$front/" haproxy.cfg
    serve "$launch" haproxy -f haproxy.cfg
    wait_for 20 listens "$front" || fail "HAProxy starts" "$(tail -n 5 serve.log)"
    peer HAProxy "$(version haproxy -v | sed -n '1s/HAProxy version \([^ ]*\).*/\1/p')"
    through_front() { timeout 30 "$launch" curl -q -sS --cacert ca.pem --local-port "$1" "https://localhost:$2/" 2>&1; }
    like "HAProxy in front of us: the client's address comes through to nginx" "$(through_front 41000-41999 "$front")" '^via 127[.]0[.]0[.]1:41[0-9]{3}$'
    took haproxy-far "carried: in front, PROXY v2 from it, and on to nginx" $hybrid $ecdsa no -
    like "HAProxy behind us: it sees the client's address" "$(through_front 42000-42999 "$via")" '^haproxy saw 127[.]0[.]0[.]1:42[0-9]{3}$'
    peer "HAProxy, behind"
    took haproxy-via "carried: PROXY v2 to it" $hybrid $ecdsa no -
    row_section="TLS servers"
    peer HAProxy
    if one haproxy-near client --connect "unix:$tmp/haproxy.tls" "${as_client[@]}"; then
      is "HAProxy's TLS, called by the client side" "$(get "http://127.0.0.1:$at/")" "haproxy over tls"
      is "  twice" "$(get "http://127.0.0.1:$at/")" "haproxy over tls"
      took haproxy-near hybrid $hybrid $ecdsa no yes
    fi
    row_section=Services
  fi
else
  for p in Redis nginx HAProxy; do matrix_absent $p "$reason"; done
fi

# --- PostgreSQL: SSLRequest from psql, SSLRequest to a server, between the sides, and plain
psql13='' psql13_version=
if debian_peer postgresql-client-17; then psql13=$launch psql13_version=$("$launch" ../lib/postgresql/17/bin/psql -V 2>&1 | awk '{ print $3 }'); fi
if own_suite_peer postgresql && bin=$(ls -d "$peer_root"/usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1) && [ -n "$bin" ]; then
  # It does not run as root: in a user namespace this user has another number.
  as_user=(); [ "$(id -u)" -ne 0 ] || as_user=(unshare --user --map-user=1000 --map-group=1000)
  pg=(env "LD_LIBRARY_PATH=$libraries" "${as_user[@]+"${as_user[@]}"}")
  if "${pg[@]}" "$bin/initdb" -D "$tmp/pg" -U wattle -A trust -E UTF8 --no-locale >initdb.log 2>&1; then
    cp server.pem pg/server.crt; cp server.key pg/server.key; chmod 600 pg/server.key
    pgport=$(free_port)
    serve "${pg[@]}" "$bin/postgres" -D "$tmp/pg" -c listen_addresses=127.0.0.1 -c "port=$pgport" -c "unix_socket_directories=$tmp/pg" -c ssl=on -c fsync=off
    server_how=$row_how
    words() { printf 'host=localhost hostaddr=127.0.0.1 user=wattle dbname=postgres connect_timeout=10 %s' "$1"; }
    ask() { timeout 30 "${pg[@]}" "$bin/psql" -qAt -d "$(words "$1")" -c "${2:-select 6 * 7}" 2>&1; }
    ready() { [ "$(ask "port=$pgport sslmode=disable")" = 42 ]; }
    wait_for 30 ready || fail "PostgreSQL starts" "$(tail -n 5 serve.log)"
    own=$("${pg[@]}" "$bin/postgres" -V | awk '{ print $3 }') own_from=$row_from
    # Debian 12's OpenSSL knows no hybrid group.
    group=$hybrid kind=hybrid
    if [ "$(. /etc/os-release && echo "${VERSION_ID:-}")" = 12 ]; then group=X25519 kind="classical, as psql's OpenSSL 3.0"; fi
    tls="sslmode=verify-full sslrootcert=$tmp/ca.pem gssencmode=disable"
    if one psql-far server --connect "127.0.0.1:$pgport" "${as_server[@]}" --starttls postgresql; then
      is "PostgreSQL: psql asks us for TLS" "$(ask "port=$at $tls")" 42
      peer "PostgreSQL, psql asks for TLS" "$own"
      row_how=$(shown psql -d "sslmode=verify-full sslrootcert=ca.pem port=$at")
      took psql-far "carried: SSLRequest; $kind" "$group" $ecdsa no -
      like "  psql without TLS is told no in its own words" "$(ask "port=$at sslmode=disable")" '(TLS|SSL|encrypt)'
      if [ -n "$psql13" ]; then
        row_from="Debian 13 (psql), $own_from"
        mark psql-far
        ask13() { timeout 30 "$psql13" ../lib/postgresql/17/bin/psql -qAt -d "$(words "$1")" -c 'select 6 * 7' 2>&1; }
        peer "PostgreSQL, psql 17 asks for TLS" "$own, psql $psql13_version"
        is "PostgreSQL: psql of Debian 13 asks us for TLS" "$(ask13 "port=$at $tls")" 42
        took psql-far "carried: SSLRequest" $hybrid $ecdsa no -
        mark psql-far
        row_how=$(shown psql -d "sslmode=verify-full sslrootcert=ca.pem sslnegotiation=direct port=$at")
        peer "PostgreSQL, psql 17 speaks TLS at once" "$own, psql $psql13_version"
        is "  and by direct TLS" "$(ask13 "port=$at $tls sslnegotiation=direct")" 42
        took psql-far "carried: direct TLS" $hybrid $ecdsa no -
        is "    ALPN" "$(field "$(handshake psql-far)" tls.next_protocol)" postgresql
      else matrix_absent "PostgreSQL, psql 17 asks for TLS" "$reason"; fi
    fi
    row_section="TLS servers" row_version=$own row_from=$own_from row_how=$server_how
    if one psql-near client --connect "127.0.0.1:$pgport" "${as_client[@]}" --starttls postgresql; then
      is "PostgreSQL's own TLS, asked for by us" "$(ask "port=$at sslmode=disable")" 42
      is "  which the server sees as TLS" "$(ask "port=$at sslmode=prefer" "select ssl from pg_stat_ssl where pid = pg_backend_pid()")" t
      peer PostgreSQL
      # PostgreSQL up to 17 takes one curve, whatever its OpenSSL knows.
      took psql-near "classical, by its ssl_ecdh_curve, told as a downgrade; SSLRequest to it" secp256r1 $ecdsa yes -
    fi
    row_section=Services
    if through pg "127.0.0.1:$pgport" --starttls postgresql -- --starttls postgresql; then
      is "PostgreSQL: SSLRequest between the two sides" "$(ask "port=$near sslmode=disable" "select sum(length(repeat('x', 100000))) from generate_series(1, 200)")" 20000000
      is "  again" "$(ask "port=$near sslmode=disable")" 42
      peer "PostgreSQL, sidecars"
      carried pg "SSLRequest between the sidecars" yes
    fi
    if through plain "127.0.0.1:$pgport"; then
      is "PostgreSQL as plain TCP" "$(ask "port=$near sslmode=disable")" 42
      peer "PostgreSQL, plain"
      carried plain "psql" -
    fi
  else matrix_absent PostgreSQL "initdb does not run here: $(tail -n 1 initdb.log)"; fi
else matrix_absent PostgreSQL "$reason"; fi

# --- HTTP/2 as gRPC uses it: streams both ways, trailers
cat >h2-server.mjs <<'JS'
import http2 from 'node:http2'
import fs from 'node:fs'
const s = http2.createServer({ maxSessionMemory: 1000 })
s.on('stream', (st, h) => {
  st.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  st.on('wantTrailers', () => st.sendTrailers({ 'grpc-status': '0', 'x-path': h[':path'] }))
  st.on('data', d => st.write(d)); st.on('end', () => st.end())
})
s.listen(0, '127.0.0.1', () => { fs.writeFileSync('h2.new', '' + s.address().port); fs.renameSync('h2.new', 'h2.port') })
JS
cat >h2-client.mjs <<'JS'
import http2 from 'node:http2'
import crypto from 'node:crypto'
import fs from 'node:fs'
const [url, ca] = process.argv.slice(2)
const c = http2.connect(url, { maxSessionMemory: 1000, ...(ca ? { ca: fs.readFileSync(ca), servername: 'localhost' } : {}) })
c.on('error', e => { console.error(e.message); process.exit(1) })
const one = i => new Promise((yes, no) => {
  const st = c.request({ ':method': 'POST', ':path': '/wattle.Model/Echo' + i, te: 'trailers', 'content-type': 'application/grpc' })
  const sent = crypto.randomBytes(200000), h = crypto.createHash('sha256'); let trailers
  st.on('trailers', t => { trailers = t }); st.on('data', d => h.update(d)); st.on('error', no)
  st.on('end', () => yes(h.digest('hex') === crypto.createHash('sha256').update(sent).digest('hex') && trailers['grpc-status'] === '0' && trailers['x-path'].endsWith('Echo' + i)))
  for (let at = 0; at < sent.length; at += 5000) st.write(sent.subarray(at, at + 5000))
  st.end()
})
const all = await Promise.all(Array.from({ length: 50 }, (_, i) => one(i)))
console.log(all.every(Boolean) ? 'all right' : 'wrong'); c.close()
JS
row_from="this system"
serve node h2-server.mjs
peer "HTTP/2 as gRPC (node)" "$(node -p 'process.version.slice(1)')"
h2=$(file_says h2.port)
if through h2 "127.0.0.1:$h2" --alpn h2 -- --alpn h2; then
  is "HTTP/2 as gRPC: 50 streams at once, both ways, with trailers" "$(timeout 60 node h2-client.mjs "http://127.0.0.1:$near" 2>&1)" "all right"
  is "  ALPN says h2" "$(field "$(handshake h2-far)" tls.next_protocol)" h2
  carried h2 "50 streams both ways, trailers; ALPN h2 configured" -
fi
# A client's own TLS: its protocol is passed through, nothing is configured.
if [ -n "$h2" ] && node_peer && one h2-own server --connect "127.0.0.1:$h2" "${as_server[@]}"; then
  peer "HTTP/2 as gRPC (node 26, its own TLS)"
  try "$node26" h2-client.mjs "https://127.0.0.1:$at" ca.pem
  is "  and a client's own TLS" "$answer" "all right"
  is "    its ALPN is passed through" "$(field "$(handshake h2-own)" tls.next_protocol)" h2
  took h2-own "carried: ALPN passed through" $hybrid $ecdsa no -
fi

# --- an upload of 1 GiB as MLflow's artifact server takes it
cat >upload.mjs <<'JS'
import http from 'node:http'
import fs from 'node:fs'
import crypto from 'node:crypto'
http.createServer((q, a) => {
  const h = crypto.createHash('sha256'); let n = 0
  q.on('data', d => { h.update(d); n += d.length }); q.on('end', () => a.end(JSON.stringify({ method: q.method, path: q.url, n, sha256: h.digest('hex') }) + '\n'))
}).listen(0, '127.0.0.1', function () { fs.writeFileSync('upload.new', '' + this.address().port); fs.renameSync('upload.new', 'upload.port') })
JS
row_from="this system"
serve node upload.mjs
peer "HTTP upload as MLflow's (curl, node)" "$(curl --version | sed -n '1s/curl \([^ ]*\).*/\1/p')"
if through upload "127.0.0.1:$(file_says upload.port)"; then
  size=$((1 << 30))
  # A file of AES-CTR's bytes, and its hash in the same pass.
  "$openssl" enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null | head -c "$size" | tee model.bin | sha256sum >model.sum
  answer=$(timeout 300 curl -q -sS -T model.bin "http://127.0.0.1:$near/api/2.0/mlflow-artifacts/artifacts/0/run/model.bin" 2>&1)
  is "an upload of 1 GiB arrives whole" "$(jq -r '[.method, .n, .sha256] | join(" ")' <<<"$answer" 2>&1)" "PUT $size $(cut -d' ' -f1 model.sum)"
  carried upload "PUT of 1 GiB" -
  rm -f model.bin
fi

# --- S3: the signature covers the Host header, which nobody may touch
if npm_peer @20minutes/s3rver; then
  cat >s3.cjs <<'JS'
const S3rver = require('@20minutes/s3rver')
const fs = require('fs')
new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory: process.cwd() + '/s3data', configureBuckets: [{ name: 'models' }] })
  .run().then(a => { fs.writeFileSync('s3.new', '' + a.port); fs.renameSync('s3.new', 's3.port') })
JS
  serve env "NODE_PATH=$npm_root/node_modules" node s3.cjs
  row_how="node, s3rver's run()"
  peer "S3 (s3rver, curl)" "$(jq -r .version "$npm_root/node_modules/@20minutes/s3rver/package.json")"
  if through s3 "127.0.0.1:$(file_says s3.port)"; then
    head -c 3000000 /dev/urandom >object.bin
    object=http://127.0.0.1:$near/models/a/object.bin
    s3() { timeout 60 curl -q -sS -w '%{http_code}' --aws-sigv4 aws:amz:us-east-1:s3 --user "${key:-S3RVER}:S3RVER" -H "x-amz-content-sha256: $1" "${@:2}" 2>&1; }
    sum() { sha256sum "$1" | cut -d' ' -f1; }
    is "S3: PUT, signed (SigV4)" "$(s3 "$(sum object.bin)" -T object.bin "$object" -o put.out)" 200
    is "  GET" "$(s3 "$(sum /dev/null)" "$object" -o got.bin)" 200
    ok "  the same bytes" cmp object.bin got.bin
    is "  a signature by nobody is refused" "$(key=nobody s3 "$(sum /dev/null)" "$object" -o none.out)" 403
    carried s3 "SigV4, Host untouched" yes
  fi
else matrix_absent "S3 (s3rver, curl)" "$reason"; fi

# --- Kafka: the broker says in its metadata where it is, so the sidecar must stand under that name. Two hosts, each a network namespace that is gone
# with its last process; TLS between them over a Unix socket.
namespace() { # NAME: its process in $tmp/NAME.host
  background unshare "${as_root[@]+"${as_root[@]}"}" --net bash -c 'ip link set lo up && echo $$ >"$1.new" && mv "$1.new" "$1" && exec sleep 100000' - "$tmp/$1.host"
  wait_for 20 test -s "$tmp/$1.host"
}
as_root=(); [ "$(id -u)" -eq 0 ] || as_root=(--user --map-root-user)
if ! command -v ip >/dev/null || ! unshare "${as_root[@]+"${as_root[@]}"}" --net ip link set lo up 2>/dev/null; then
  matrix_absent "Kafka (librdkafka)" "no network namespaces here"
elif ! debian_peer kcat; then matrix_absent "Kafka (librdkafka)" "$reason"
elif namespace brokers && namespace workers; then
  # librdkafka's mock broker lives in a producer that has nothing to say.
  mkfifo silence
  exec 8<>silence
  inside() { printf 'nsenter --target %s --net %s' "$(cat "$1.host")" "${as_root[*]+--user --preserve-credentials}"; }
  serve bash -c "exec $(inside brokers) \"\$@\" <silence" - "$launch" kcat -P -t held -X test.mock.num.brokers=1 -b none
  broker_pid=${pids[-1]}
  row_how="kcat -P -t held -X test.mock.num.brokers=1 -b none"
  wait_for 30 grep -q 'replaced with 127' serve.log
  broker=$(sed -n 's/.*replaced with 127[.]0[.]0[.]1:\([0-9]*\).*/\1/p' serve.log | head -n 1)
  peer "Kafka (librdkafka, its mock broker)" "$("$launch" kcat -V 2>&1 | sed -n 's/.*librdkafka \([0-9.]*\).*/\1/p')"
  direct=$proxyd
  for host in brokers workers; do
    printf '#!/bin/bash\nexec %s %q "$@"\n' "$(inside $host)" "$direct" >"in-$host"; chmod 755 "in-$host"
  done
  proxyd=$tmp/in-brokers
  one kafka-far server --listen "unix:$tmp/kafka.sock" --connect "127.0.0.1:$broker" "${as_server[@]}" --client-ca ca.pem --policy pq-only
  proxyd=$tmp/in-workers
  one kafka-near client --listen "127.0.0.1:$broker" --connect "unix:$tmp/kafka.sock" "${as_client[@]}" --cert sidecar.pem --key sidecar.key --policy pq-only
  proxyd=$direct
  kcat() { timeout 60 $(inside workers) "$launch" kcat -b "127.0.0.1:$broker" -t gradients "$@"; }
  seq 1 5000 >records
  ok "Kafka: librdkafka produces 5,000 records through its sidecar" kcat -P -l records
  is "  and consumes them" "$(kcat -C -o beginning -e -q 2>/dev/null | sort -n | cksum)" "$(cksum <records)"
  carried kafka "kcat; the sidecar at the advertised address" yes
  # It reads, and would not hear a milder word.
  kill -KILL "$broker_pid"; wait "$broker_pid" 2>/dev/null
else matrix_absent "Kafka (librdkafka)" "the namespaces do not come up"; fi
matrix_finish
