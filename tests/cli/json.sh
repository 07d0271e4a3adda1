#!/usr/bin/env bash
# What --json prints is what the tables say: no member that is not documented, and every one that always stands.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command jq
cd "$tmp" || exit 1
"$wattle" help --json >tables.json
make_keys signer=ML-DSA-65 other=Ed25519 alice=X-Wing bob=X-Wing
make_model m
tried=' '

# members COMMAND CODE ARGS...: runs it with --json.
members() {
  local command=$1 code=$2; shift 2
  tried+="$command,"
  # shellcheck disable=SC2086
  exits "wattle $command $*" "$code" "$wattle" $command "$@" --json
  is "  its members are documented" "$(jq -r --arg c "$command" --slurpfile t tables.json '
    def name: reduce .[] as $p (""; if ($p | type) == "number" then . + "[]" elif . == "" then $p else . + "." + $p end);
    ([paths | name] | unique) as $printed
    | ($t[0].commands[] | select(.name == $c) | .members) as $known
    | ($printed - [$known[].name] - [$printed[] | select(endswith("[]"))] | map("not documented: " + .))
      + [$known[] | select(.maybe | not) | .name
         | select((. as $n | any($printed[]; . == $n)) | not)
         | select((contains("[]") | not) or ((. / "[]" | .[:-1] | join("[]") + "[]") as $up | any($printed[]; . == $up)))
         | "missing: " + .]
    | .[]' <<<"$out" 2>&1)" ''
}

members sign 0 m --key signer.key
members verify 0 m --key signer.pub
members verify 1 m --key other.pub
printf '[s]\npublic-key = signer.pub\n[o]\npublic-key = other.pub\n[require]\nall = s, o\n' >trust.ini
members verify 5 m --trust trust.ini --at 2027-01-01T00:00:00Z
echo >>m/weights.bin
members verify 1 m --key signer.pub
members sign 0 m --key signer.key --force --shard-size 64K
members sign 0 m --key signer.key --out again.sig --assume-unchanged m/model.sig --shard-size 64K
members verify 0 m --key signer.pub
cp m/weights.bin single
members sign 0 single --key signer.key --format envelope --rotate-by 2027-06-01 --next-key other.pub
members verify 0 single --key signer.pub
members seal 0 m --to alice.pub --sign signer.key --out m.wtl
members info 0 m.wtl
echo more >more.txt
members append 0 m.wtl more.txt --identity alice.key --sign signer.key
members info 0 m.wtl --identity alice.key
members open 0 m.wtl --identity alice.key --sender signer.pub --out opened
members rewrap 0 m.wtl --identity alice.key --add bob.pub
members open 0 m.wtl --identity alice.key --only config.json --out part
members "key generate" 0 --alg ECDSA-P256 --out ec
members "key convert" 0 ec.key --to der --out ec.der
members "key show" 0 signer.key
members "key show" 0 alice.pub
members "key convert" 0 signer.key --to jwk --out signer.jwk
echo '{}' >claims
members "token jwks" 0 signer.pub ec.pub other.pub
"$wattle" token jwks signer.pub ec.pub --out set.jwks >/dev/null
members "token sign" 0 --key signer.key --claims claims
jq -r .token <<<"$out" >token
members "token sign" 0 --key signer.key --claims claims --no-kid --out token --force
members "token verify" 0 token --jwks set.jwks --without-expiry
members "token verify" 5 token --jwks set.jwks
members algs 0
members "bench primitives" 0 --alg X25519 --rounds 1
members "bench handshake" 0 --rounds 1 --connections 4 --exchange X25519MLKEM768 --certificate ECDSA-P256
members "bench bulk" 0 --rounds 1 --mib 1 --side server --work decrypt --suite TLS_AES_128_GCM_SHA256
members "bench cache-lib" 0 --quick --rounds 1 --part keys --keys 10000
members "bench cache-trace" 0 --keys 500 --requests 2000
members version 0
members help 0
members help 0 sign
members doctor 0 signer.key m.wtl
members "proxy server" 0 --listen '*:1' --connect h:1 --cert c --key k --print-config
members "proxy client" 0 --listen '*:1' --connect h:1 --ca system --print-config
printf '[a]\nmode = client\nlisten = 127.0.0.1:18443\nconnect = 127.0.0.1:1\nca = system\nserver-name = h\n[proxy]\ncontrol = p.sock\nworkers = 1\nstate = pins\n' >proxy.ini
members "proxy run" 0 --config proxy.ini --print-config
if [ -x "$WATTLE_BIN/../libexec/wattle/wattle-proxyd" ]; then
  members "proxy check" 0 --config proxy.ini
  "$wattle" proxy run --config proxy.ini >proxy.log 2>&1 & proxy=$!
  at_end "kill $proxy 2>/dev/null; wait $proxy 2>/dev/null"
  for ((i = 0; i < 600; i++)); do
    "$wattle" proxy status --config proxy.ini --json 2>/dev/null | jq -e '.proxies[0].state == "running"' >/dev/null && break
    sleep 0.1
  done
  members "proxy status" 0 --config proxy.ini
else
  tried+='proxy check,proxy status,'
  skip "proxy check and status: wattle-proxyd is not built"
fi

is "no member is documented twice" "$(jq -r '.commands[] | .name as $c | .members | group_by(.name)[] | select(length > 1) | "\($c): \(.[0].name)"' tables.json)" ''
is "related commands exist" "$(jq -r '[.commands[].name] as $all | .commands[] | .see // "" | (. / ", ")[] | select(. as $n | any($all[]; . == $n) | not)' tables.json)" ''
while IFS= read -r name; do
  like "$name was tried" "$tried" "[ ,]$name,"
done < <(jq -r '.commands[] | select(.members != []) | .name' tables.json)
finish
