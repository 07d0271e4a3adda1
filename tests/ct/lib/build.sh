# Compiles the schemes with their kernels and a harness. Sourced by the tests of this folder.
ct_level() { # the flags of a kernel's file, as tools/cmake/Rooms.cmake has them
  case $1 in
    *_avx2.c) echo -mavx2 ;;
    *_adx.c) echo -mbmi -mbmi2 -madx ;;
    *_ice.c) echo -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512ifma -mavx512vbmi -mavx512vbmi2 -mbmi -mbmi2 -madx ;;
  esac
}
ct_sources() { echo src/base/{buf,err,secret,text}.c src/kernel/{cpu,choice}.c src/kernel/{keccak,polykem,polydsa,curve25519}*.c src/scheme/*.c tests/ct/operations.c; }
# ct_build PROGRAM CC FLAG... -- FILE...: objects lie in PROGRAM.d. Files of inline assembly are not instrumented.
ct_build() {
  local program=$1 cc=$2 file flags=() vector=() objects=()
  shift 2
  while [ "$1" != -- ]; do flags+=("$1"); shift; done
  shift
  case $cc in gcc*) vector=(-fno-tree-ter) ;; esac
  mkdir -p "$program.d"
  for file in $(ct_sources) "$@"; do
    local own=()
    # The level avx2 is not run with a sanitizer, and so need not take time to compile.
    case ${flags[*]}:$file in *-fsanitize=memory*_avx2.c) own=(-O0 -fno-sanitize=all) ;; esac
    case $file in *_avx2.c | *_ice.c) own+=("${vector[@]}") ;; *_adx.c) own=(-fno-sanitize=all) ;; esac
    objects+=("$program.d/$(basename "$file" .c).o")
    # shellcheck disable=SC2046 # several flags
    "$cc" -std=gnu11 "${flags[@]}" -gdwarf-4 -fno-strict-aliasing -D_GNU_SOURCE $(ct_level "$file") "${own[@]}" \
      -include tests/ct/public.h -Isrc -Iinclude -I"$WATTLE_BUILD/generated" -I"$prefix/include" -c "$file" -o "${objects[-1]}" || return
  done
  "$cc" "${flags[@]}" "${objects[@]}" -o "$program" $ct_link -lpthread
}
# The source lines whose code divides integers (in a time that depends on them) or finds roots, in object files with their names of
# lines. Left out are the heads of loops, where compilers divide to find out how often they run: bounds are public.
ct_divisions() {
  objdump -dl --no-show-raw-insn "$@" |
    awk '/^[^ ]+\.[ch]:[0-9]+/ { line = $1 } /^[0-9a-f]+ </ { line = $2 } $2 ~ /^(i?div[bwlq]?|v?sqrt[sp][sd]|v?div[sp][sd])$/ { print line }' | sort -u |
    while IFS=: read -r file number; do
      sed -n "${number:-\$}p" "$file" 2>/dev/null | grep -q '^ *for (unsigned [a-z]* = [0-9N /]*; [a-z]* [<>=]* [0-9N]*; [^)]*) {$' || echo "$file:$number"
    done
}
