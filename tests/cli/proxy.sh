#!/usr/bin/env bash
# The commands of `wattle proxy` up to the point where wattle-proxyd takes over: what is refused before, what is handed on.
. "$(dirname "$0")/../lib/tap.sh"
requires_command jq
cd "$tmp" || exit 1
unset WATTLE_CRYPTO

# A wattle of its own, with a helper that says how it was called.
mkdir -p whole/bin whole/libexec/wattle alone/bin
cp "$wattle" whole/bin/wattle
cp "$wattle" alone/bin/wattle
cat >whole/libexec/wattle/wattle-proxyd <<'EOF'
#!/bin/sh
echo "crypto=${WATTLE_CRYPTO-}"
for word; do printf '<%s>' "$word"; done
echo
echo "told on standard error" >&2
exit 42
EOF
chmod +x whole/libexec/wattle/wattle-proxyd
whole=$tmp/whole/bin/wattle
"$whole" version >/dev/null 2>&1 || skip_all "a copy of the program does not run here"

server=(proxy server --listen 127.0.0.1:8443 --connect 127.0.0.1:8080 --cert c.pem --key k.pem)
client=(proxy client --listen 127.0.0.1:8080 --connect host:8443 --ca ca.pem)

# becomes NAME WORDS: the last `exits` was the helper, called so.
becomes() { is "$1" "$(sed -n 2p <<<"$out")" "$2"; }

exits "server: exit code and output are the helper's" 42 "$whole" "${server[@]}"
becomes "  its words are those given" "<server><--listen><127.0.0.1:8443><--connect><127.0.0.1:8080><--cert><c.pem><--key><k.pem>"
says "  and so is standard error" "^told on standard error$"
exits "server with everything of the synopsis" 42 "$whole" "${server[@]}" --cert c2 --key k2 --policy hybrid-preferred --client-ca ca.pem --metrics 127.0.0.1:9464 --log -
becomes "  in their order" "<server><--listen><127.0.0.1:8443><--connect><127.0.0.1:8080><--cert><c.pem><--key><k.pem><--cert><c2><--key><k2><--policy><hybrid-preferred><--client-ca><ca.pem><--metrics><127.0.0.1:9464><--log><->"
exits "client" 42 "$whole" "${client[@]}" --cert c --key k --policy pq-only
becomes "  likewise" "<client><--listen><127.0.0.1:8080><--connect><host:8443><--ca><ca.pem><--cert><c><--key><k><--policy><pq-only>"
exits "flags and --name=value" 42 "$whole" "${server[@]}" --tls12 --alpn=h2,http/1.1
becomes "  come as words" "<server><--listen><127.0.0.1:8443><--connect><127.0.0.1:8080><--cert><c.pem><--key><k.pem><--tls12><--alpn><h2,http/1.1>"
exits "values with odd characters" 42 "$whole" "${server[@]}" --log "a 'b\$c" --user --x
like "  come as they are" "$out" "<--log><a 'b\\\$c><--user><--x>"
exits "--json of a service" 42 "$whole" "${client[@]}" --json
is "  is not handed on" "$(grep -c -- '--json' <<<"$out")" 0
exits "--crypto" 42 "$whole" "${client[@]}" --crypto openssl
is "  goes on through the environment" "$(sed -n 1p <<<"$out")" "crypto=openssl"
is "  and not as a word" "$(grep -c -- '--crypto' <<<"$out")" 0
exits "WATTLE_CRYPTO" 42 env WATTLE_CRYPTO=fips "$whole" "${client[@]}"
is "  goes on" "$(sed -n 1p <<<"$out")" "crypto=fips"
exits "--crypto stands over it" 42 env WATTLE_CRYPTO=fips "$whole" "${client[@]}" --crypto wattle
is "  as always" "$(sed -n 1p <<<"$out")" "crypto=wattle"
exits "a --crypto that there is not" 2 "$whole" "${client[@]}" --crypto mine
says "  lists them" "--crypto is one of wattle openssl fips, not 'mine'"

printf '[web]\nmode = server\nlisten = *:8443\nconnect = 127.0.0.1:8080\ncert = c.pem\nkey = k.pem\n[proxy]\ncontrol = run/p.sock\n' >proxy.ini
exits "run" 42 "$whole" proxy run --config proxy.ini
becomes "  hands the file on" "<run><--config><proxy.ini>"
exits "check" 42 "$whole" proxy check --config proxy.ini
becomes "  too" "<check><--config><proxy.ini>"
exits "check --json" 42 "$whole" proxy check --json --config proxy.ini
becomes "  says so" "<check><--config><proxy.ini><--json>"
exits "status" 42 "$whole" proxy status
becomes "  needs nothing" "<status>"
exits "status of one proxy" 42 "$whole" proxy status --control x/y.sock --json
becomes "  by its socket" "<status><--control><x/y.sock><--json>"
exits "or" 42 "$whole" proxy status --config proxy.ini
becomes "  by its file" "<status><--control><$(pwd -P)/run/p.sock>"
exits "both" 2 "$whole" proxy status --config proxy.ini --control x
says "  are one too many" "leave one out"

ln -s "$whole" link
exits "through a link" 42 ./link proxy status
exits "through PATH" 42 env PATH="$tmp/whole/bin:$PATH" wattle proxy status
exits "without the helper" 3 "$tmp/alone/bin/wattle" "${client[@]}"
says "is one sentence that names it" "^wattle proxy client: the program wattle-proxyd is not where it belongs, at .*/alone/bin/../libexec/wattle/wattle-proxyd: "
chmod -x whole/libexec/wattle/wattle-proxyd
exits "a helper that cannot be started" 3 "$whole" "${client[@]}"
says "is another" "cannot start .*wattle-proxyd: Permission denied"
chmod +x whole/libexec/wattle/wattle-proxyd

# Nothing is started when the words are wrong: the helper would exit with 42.
refuses() { # REGEX WORDS...
  local regex=$1; shift
  exits "wattle ${*: -6}" 2 "$whole" "$@"
  says "  is told" "$regex"
  is "  once" "$(wc -l <<<"$err")" 1
}
refuses "proxy server: --listen is missing" proxy server
refuses "--cert is missing" proxy server --listen '*:1' --connect h:1
refuses "2 of --cert and 1 of --key" "${server[@]}" --cert c2
refuses "--listen: '8443' is no address: it has no port" proxy server --listen 8443
refuses "there is no option --lisen; did you mean --listen\?" proxy server --lisen x
refuses "there is no option --ca" "${server[@]}" --ca x
refuses "there is no option --client-ca" "${client[@]}" --client-ca x
refuses "--policy: policy is one of pq-only, hybrid-only, hybrid-preferred, classical-fallback, not 'best'" "${server[@]}" --policy best
refuses "the option --policy can be given only once" "${server[@]}" --policy pq-only --policy pq-only
refuses "--tls12: tls12 is given twice" "${server[@]}" --tls12 --tls12
refuses "--handshake-timeout: handshake-timeout takes a time as 500ms" "${server[@]}" --handshake-timeout 10
refuses "the option --key needs a value" "${server[@]}" --key
refuses "nothing says who the server may be: give --ca FILE" proxy client --listen '*:1' --connect h:1
refuses "'word' is one word too many" "${client[@]}" word
refuses "--config FILE is missing" proxy run
refuses "--config FILE is missing" proxy check
refuses "'wattle proxy' needs one more word: server, client, run, check, status" proxy
refuses "did you mean 'wattle proxy server'\?" proxy sever
exits "a file that is not there" 3 "$whole" proxy run --config nowhere.ini
says "  is named" "nowhere.ini"
printf '[web]\nmode = server\nlisten = *:8443\nconect = h:1\n' >bad.ini
exits "a wrong file" 2 "$whole" proxy check --config bad.ini
says "  is told with its line" "bad.ini: line 4: there is no option 'conect'; did you mean 'connect'\?"
printf '[web]\nmode = server' >cut.ini
exits "a cut file" 4 "$whole" proxy run --config cut.ini
says "  too" "cut.ini: line 2: the last line has no end"
exits "standard input" 2 "$whole" proxy run --config -
says "  is no configuration" "a file that stays"

exits "--print-config" 0 "$whole" "${server[@]}" --alpn h2,http/1.1 --workers 2 --print-config
like "  has what was given" "$out" "^workers = 2$"
like "  the mode" "$(grep -A1 '^\[server\]' <<<"$out")" "^mode = server$"
like "  absolute paths" "$out" "^cert = $(pwd -P)/c.pem$"
like "  and defaults as comments" "$out" "^# idle-timeout = 1h$"
printf '%s\n' "$out" >printed.ini
exits "  is a file that is read" 0 "$whole" proxy run --config printed.ini --print-config
is "  and says the same" "$out" "$(cat printed.ini)"
mkdir -p other && cp printed.ini other/
exits "  from any folder" 0 "$whole" proxy run --config other/printed.ini --print-config
is "  too" "$out" "$(cat printed.ini)"
exits "of a client" 0 "$whole" "${client[@]}" --print-config --json
like "  as JSON" "$(jq -r .config <<<"$out")" "^mode = client$"
exits "it needs no helper" 0 "$tmp/alone/bin/wattle" "${client[@]}" --print-config
exits "and is refused where no file could say it" 4 "$whole" "${client[@]}" --log 'a #b' --print-config
says "  in words" "would be read as a comment"
exits "standard output that is full" 3 bash -c '"$0" "$@" >/dev/full' "$whole" "${client[@]}" --print-config

# No crypto library is made ready for words: it would take its time.
if command -v strace >/dev/null 2>&1 && strace -o trace -e trace=openat "$whole" "${client[@]}" --print-config >/dev/null 2>&1; then
  is "no configuration of OpenSSL is read" "$(grep -c 'openssl.cnf' trace)" 0
fi
finish
