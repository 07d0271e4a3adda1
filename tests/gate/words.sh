# Words that may not stand in the tree, and that the checker finds them.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
check=$WATTLE_SOURCE/tools/check-words.sh

exits "no reminders, banned calls, machine paths or registry hosts" 0 "$check" "$WATTLE_SOURCE"
diag "$out"

red() { # NAME FILE LINE REGEX
  rm -rf "$tmp/t"; mkdir -p "$tmp/t/src/a" "$tmp/t/docs"
  printf '%s\n' "$3" >"$tmp/t/$2"
  exits "$1: refused" 1 "$check" "$tmp/t"
  like "$1: says so" "$out" "$4"
}
green() { # NAME FILE LINE
  rm -rf "$tmp/t"; mkdir -p "$tmp/t/src/a" "$tmp/t/docs"
  printf '%s\n' "$3" >"$tmp/t/$2"
  exits "$1: accepted" 0 "$check" "$tmp/t"
}
red "a reminder" src/a/a.c '/* TODO: the rest */' 'src/a/a.c:1:.*finish it'
red "a banned copy" src/a/a.c '    strcpy(to, from);' 'src/a/a.c:1:strcpy\(\)'
red "a shell" src/a/a.c 'int x = system ("ls");' 'system\(\)'
red "a path of one machine" docs/a.md 'see /home/alice/model' 'a path of one machine'
red "a registry" src/a/a.txt '"resolved": "https://packages.invalid/x.tgz"' 'a package registry'
green "a banned call in a comment or a string" src/a/a.c '/* strcpy(a, b) */ const char *s = "gets(x)"; // atoi(y)'
green "names that only end like one" src/a/a.c 'wtl_system(x); s->system(x); my_strcpy(a, b);'
green "a path inside a path" docs/a.md 'build/work/x and ~/home/x'
finish
