#!/usr/bin/env bash
# A name that resolves to another address is taken over. Needs a file of hosts of its own, so a mount namespace.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/daemon.sh"
requires_command jq unshare
unshare -m true 2>/dev/null || skip_all "needs a mount namespace"
authority; leaf server
hosts() { printf '127.0.0.1 localhost\n127.0.0.%s upstream.test\n' "$1" >"$tmp/hosts"; }
hosts 2
cat >"$tmp/in.sh" <<IN
mount --bind "$tmp/hosts" /etc/hosts || exit 9
exec "$proxyd" server --listen 127.0.0.1:0 --connect upstream.test:9 --cert "$tmp/server.pem" --key "$tmp/server.key" --workers 2 --watch 0 --resolve 1s >>"$tmp/server.log"
IN
: >"$tmp/server.log"
unshare -m bash "$tmp/in.sh" 2>"$tmp/server.err" & echo $! >"$tmp/server.pid"; at_end "stop_now $!"
ok "a server with a name for its upstream" wait_for 60 logged server wattle.started
# At once: what the workers know counts, not what was seen at a first look.
hosts 3
ok "another address is taken over after two looks" wait_for 60 logged server 'a name has other addresses'
ok "by a new generation" wait_for 60 logged server 'configuration 2 is in use'
hosts 4
ok "and the next" wait_for 60 logged server 'configuration 3 is in use'
kill -TERM "$(pid_of server)"
ok "it ends" wait_for 10 ended server
finish
