# The probes of wattle-proxyd, read by bpftrace (Debian 13's, unless one is installed) while connections are served.
. "${WATTLE_SOURCE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}/tests/lib/tap.sh"
. "$WATTLE_SOURCE/tests/lib/daemon.sh"
requires_root "bpftrace"
cd "$tmp" || exit 1
tracer=(bpftrace)
if ! command -v bpftrace >/dev/null; then
  root=$("$WATTLE_SOURCE/tools/fetch-peer" --suite trixie --whole bpftrace 2>fetch.err) || skip_all "bpftrace could not be fetched: $(tail -n 1 fetch.err)"
  tracer=("$root/launch" bpftrace)
fi
timeout 60 "${tracer[@]}" -e "usdt:$WATTLE_BUILD/tests/metrics_peer:wattle:downgrade { printf(\"it works\\n\"); }" -c "$WATTLE_BUILD/tests/metrics_peer" >try 2>&1
grep -q '^it works$' try || skip_all "bpftrace cannot trace programs here: $(grep -vE '^(#|[a-z0-9_]+[{ ])' try | tail -n 1)"
diag "$("${tracer[@]}" --version)"
# A probe is set in a file, for every process that runs it: this test's proxies get a file of their own.
cp "$proxyd" wattle-proxyd
proxyd=$tmp/wattle-proxyd

authority; leaf server; echo_server
ok "a server" proxy server server --listen 127.0.0.1:0 --connect 127.0.0.1:"$echo_port" --cert server.pem --key server.key --workers 2
port=$(port_of server)
# visit WORDS...: says a word and hears it
visit() {
  : >visit.out
  { echo hello; wait_for 20 grep -qE '^hello$|error:' visit.out; } | timeout 60 "$openssl" s_client -connect "127.0.0.1:$port" -CAfile ca.pem "$@" >visit.out 2>&1
}
# trace FILE PROGRAM: in the background; $tracing
trace() {
  : >"$1"
  "${tracer[@]}" -e "$2" >"$1" 2>"$1.err" & tracing=$!
  at_end "kill -INT $tracing 2>/dev/null; wait $tracing 2>/dev/null"
}
# Attached when the first event comes.
seen() { visit "${@:2}"; grep -q "$1" events; }

usdt=usdt:$proxyd:wattle
trace events "$usdt:handshake { printf(\"handshake %s %s %s %d %d %d\\n\", str(arg0), str(arg1), str(arg2), arg3, arg4, arg5); }
$usdt:downgrade { printf(\"downgrade %s %s %s\\n\", str(arg0), str(arg1), str(arg2)); }
$usdt:connection_end { printf(\"end %s %s %d %d %d\\n\", str(arg0), str(arg1), arg2, arg3, arg4); }"
ok "a hybrid handshake is seen: 4588 is X25519MLKEM768" wait_for 60 seen '^handshake server server ok 4588 0 [1-9][0-9]*$' -sess_out session.pem
ok "a resumed one" wait_for 20 seen '^handshake server server ok 4588 1 [1-9][0-9]*$' -sess_in session.pem
is "no downgrade until now" "$(grep -c ^downgrade events)" 0
ok "a classical one" wait_for 20 seen '^handshake server server ok 29 0 [1-9][0-9]*$' -groups X25519
ok "which is a downgrade" wait_for 20 grep -q '^downgrade server server peer-did-not-offer$' events
ok "the end of a connection, with its bytes" wait_for 20 grep -qE '^end server server 6 6 [1-9][0-9]*$' events
is "nothing else is told" "$(grep -vE '^(handshake server server ok|downgrade server server|end server server) |^Attaching|^$' events)" ''
kill -INT "$tracing"; wait "$tracing" 2>/dev/null

# The page's example, over this program.
example=$(sed -nE "s/^bpftrace -e '(.*)'\$/\1/p" "$WATTLE_SOURCE/docs/formats/proxy-metrics.md")
like "the page has an example" "$example" '^usdt:/usr/libexec/wattle/wattle-proxyd:wattle:handshake '
trace histogram "${example//\/usr\/libexec\/wattle\/wattle-proxyd/$proxyd}
$usdt:handshake { printf(\"one\\n\"); }"
attached() { visit; grep -q '^one$' histogram; }
ok "it is taken" wait_for 60 attached
kill -INT "$tracing"; wait "$tracing" 2>/dev/null
like "and shows how long handshakes took" "$(cat histogram)" '@\[ok, 4588\]:'
finish
