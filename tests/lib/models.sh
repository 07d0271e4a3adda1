# Small models and keys for the shell tests; needs tap.sh.

# A directory with the shapes that models have: empty file, nested folders, empty folder, odd names.
make_model() {
  local d=$1
  mkdir -p "$d/sub/deep" "$d/empty-dir"
  head -c 100000 /dev/urandom >"$d/weights.bin"
  printf '{"layers": 2}\n' >"$d/config.json"
  : >"$d/empty.bin"
  echo one >"$d/sub/a.txt"
  echo two >"$d/sub/deep/f"
  chmod 0600 "$d/sub/a.txt"
  chmod 0755 "$d/sub/deep/f"
}

# make_keys STEM=ALGORITHM... in $tmp
make_keys() {
  local pair
  for pair in "$@"; do
    "$wattle" key generate --alg "${pair#*=}" --out "$tmp/${pair%%=*}" >/dev/null || { echo "Bail out! no key ${pair}"; exit 1; }
  done
}

# flip FILE OFFSET: one bit of one byte
flip() {
  local old
  old=$(od -An -tu1 -j"$2" -N1 "$1" | tr -d ' ')
  printf "\\$(printf '%03o' $((old ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
