# Commands that run with an allocation or a system call failing; needs tap.sh and models.sh. Sourced by tests/fault/*.sh.
#   WATTLE_FAULT_ALL=1    every n, some minutes a file, instead of a sample
#   WATTLE_FAULT_SEED=N   where the sample begins (printed)
fault_build=$WATTLE_BUILD/tests
[ -e "$fault_build/fault_shim.so" ] ||
  skip_all "this build has no tests/fault_shim.so: a sanitizer's own allocator has to come first, and it cannot be preloaded over"
requires_command jq
: "${WATTLE_FAULT_SEED:=$RANDOM}"
# Thousands of runs that flush what they write: in memory where there is some.
fault_dir=$tmp
if [ -w /dev/shm ]; then
  fault_dir=$(mktemp -d /dev/shm/wattle-fault.XXXXXX)
  at_end 'chmod -R u+rwx "$fault_dir"; rm -rf "$fault_dir"'
fi
export TMPDIR=$fault_dir
diag "seed $WATTLE_FAULT_SEED (WATTLE_FAULT_SEED repeats it, WATTLE_FAULT_ALL=1 tries everything)"

# Everything that the cases below need, in $tmp/stock.
make_stock() {
  mkdir -p "$tmp/stock"
  cd "$tmp/stock" || exit 1
  (
    tmp=$tmp/stock
    make_keys alice=X-Wing signer=ML-DSA-65
    mkdir -p m/sub m/empty-dir
    head -c 50000 /dev/urandom >m/weights.bin
    echo '{}' >m/sub/config.json
    : >m/empty.bin
    echo '{"sub":"u7","exp":4102444800}' >claims
    "$wattle" token jwks signer.pub >set.jwks && "$wattle" token sign --key signer.key --claims claims >token &&
    "$wattle" sign m --key signer.key >/dev/null && "$wattle" seal m --to alice.pub --sign signer.key --out m.wtl >/dev/null
  ) || { echo "Bail out! the stock could not be made"; exit 1; }
}

# A case: the function box_NAME fills the folder, `new` names outputs, `check` says that they are whole, `args` is the command.
declare -a new args
need() { local f; for f in "$@"; do cp -a "$tmp/stock/$f" .; done; }
case_key_generate() { new=(k.key k.pub) args=(key generate --alg ML-DSA-65 --out k)
  check='"$wattle" key show k.key --json >a && "$wattle" key show k.pub --json >b && [ "$(jq -r .key_id a)" = "$(jq -r .key_id b)" ]; rc=$?; rm -f a b; exit $rc'; }
case_key_generate_age() { case_key_generate; args=(key generate --alg X-Wing --out k --json); }
case_key_show() { need signer.key; args=(key show signer.key --json) check='jq -e ".algorithm == \"ML-DSA-65\"" "$STDOUT"'; }
case_algs() { args=(algs --json) check='jq -e "length > 0" "$STDOUT"'; }
case_version() { args=(version --json) check='jq -e .version "$STDOUT"'; }
case_help() { args=(-h) check='grep -q "wattle COMMAND -h" "$STDOUT"'; }
case_sign() { need m signer.key signer.pub; rm m/model.sig; new=(m/model.sig) args=(sign m --key signer.key --json)
  check='"$wattle" verify m --key signer.pub'; }
case_sign_force() { case_sign; need m; echo '{"layers":3}' >m/sub/config.json
  "$wattle" sign m --key signer.key --force >/dev/null; args+=(--force); }
case_verify() { need m signer.pub; args=(verify m --key signer.pub --json) check='jq -e ".verified == true" "$STDOUT"'; }
case_seal() { need m alice.pub alice.key signer.key signer.pub; new=(out.wtl) args=(seal m --to alice.pub --sign signer.key --out out.wtl --json)
  check='rm -rf o && "$wattle" open out.wtl --identity alice.key --sender signer.pub --out o && diff -r m o; rc=$?; rm -rf o; exit $rc'; }
case_seal_force() { case_seal; cp "$tmp/stock/m.wtl" out.wtl; args+=(--force); }
case_seal_stdout() { need alice.pub alice.key m; args=(seal m/weights.bin --to alice.pub --out -)
  check='"$wattle" open "$STDOUT" --identity alice.key --out - | cmp - m/weights.bin'; }
case_open() { need m m.wtl alice.key signer.pub; new=(o) args=(open m.wtl --identity alice.key --sender signer.pub --out o --json)
  check='diff -r -x ".wattle-partial-*" m o'; }
case_open_force() { case_open; cp -a m o; args+=(--force); }
case_open_range() { need m m.wtl alice.key; args=(open m.wtl --identity alice.key --only weights.bin --range 20000:40000 --out -)
  check='tail -c +20001 m/weights.bin | head -c 20000 | cmp - "$STDOUT"'; }
case_info() { need m.wtl alice.key; args=(info m.wtl --identity alice.key --json) check='jq -e ".entries | length == 5" "$STDOUT"'; }
case_token_sign() { need signer.key set.jwks claims; new=(t) args=(token sign --key signer.key --claims claims --out t)
  check='"$wattle" token verify t --jwks set.jwks'; }
case_token_verify() { need token set.jwks; args=(token verify token --jwks set.jwks --json) check='jq -e ".verified == true" "$STDOUT"'; }
case_token_jwks() { need signer.pub token; new=(s) args=(token jwks signer.pub --out s)
  check='"$wattle" token verify token --jwks s'; }

case_cache_trace() { seq 1 40 | sed p >lirs_t; args=(bench cache-trace lirs_t --size 50 --json)
  check='jq -e ".rows | length > 0" "$STDOUT"'; }

fault_cases=(key_generate key_generate_age key_show algs version help sign sign_force verify seal seal_force seal_stdout open open_force open_range info token_sign token_verify token_jwks cache_trace)
writing_cases=(key_generate key_generate_age sign sign_force seal seal_force seal_stdout open open_force open_range token_sign token_jwks)

# fault CASE WHAT MODE [DRIVER OPTIONS...]: as tests/fault/drive.c tells them
fault() {
  local name=$1 what=$2 mode=$3 box=$fault_dir/box options=() o; shift 3
  new=() args=() check=true
  rm -rf "$box"; mkdir "$box"; cd "$box" || exit 1
  "case_$name" || { fail "$name: its folder could not be made"; return; }
  for o in "${new[@]+"${new[@]}"}"; do options+=(--new "$o"); done
  [ -z "${WATTLE_FAULT_ALL:-}" ] || options+=(--all)
  cd "$fault_dir" || exit 1
  if wattle=$wattle "$fault_build/fault_drive" --shim "$fault_build/fault_shim.so" --box "$box" --what "$what" --mode "$mode" \
    --seed "$WATTLE_FAULT_SEED" --check "($check)" "${options[@]+"${options[@]}"}" "$@" -- "$wattle" "${args[@]}" >"$tmp/drive" 2>&1; then
    pass "$name, $what $mode: $(sed -n 's/^fault_drive: //p' "$tmp/drive")"
  else
    fail "$name, $what $mode" "$(cat "$tmp/drive")"
  fi
  cd "$tmp" || exit 1
}
make_stock
