# The table of the base point's multiples is what its generator writes.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
compiler=$(command -v cc || command -v gcc || command -v clang-19) || skip_all "no C compiler"
: "${compiler:?}"

ok "the generator compiles" "$compiler" -O2 -Wall -Wextra -Werror -o "$tmp/table" "$WATTLE_SOURCE/tools/curve25519_table.c"
ok "and runs" bash -c '"$1" >"$2"' _ "$tmp/table" "$tmp/table.c"
ok "src/kernel/curve25519_table.c is its output" cmp "$tmp/table.c" "$WATTLE_SOURCE/src/kernel/curve25519_table.c"
finish
