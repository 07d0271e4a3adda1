# The rooms of src/rooms.dag, and that the checker sees what it is there to see.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
check=$WATTLE_SOURCE/tools/check-rooms.sh

exits "every include follows src/rooms.dag" 0 "$check" "$WATTLE_SOURCE"
diag "$out"

# A made-up tree that is right; each case below spoils one thing in it.
fresh() {
  rm -rf "$tmp/t"
  mkdir -p "$tmp/t/src/"{base,net,text,prog} "$tmp/t/include/wattle"
  cd "$tmp/t" || exit 1
  printf '%s\n' 'base:  @openssl' 'net: base' 'text: wire base @jansson' 'prog: program base net text' >src/rooms.dag
  printf '%s\n' '#include <stdint.h>' '#include <wattle/a.h>' '#include <openssl/evp.h>' >src/base/buf.h
  printf '%s\n' '#include <sys/socket.h>' '#include "base/buf.h"' >src/net/tcp.c
  printf '%s\n' '#include <jansson.h>' '#include "base/buf.h"' '#include "text/parse.h"' \
    '/* open(2) and read(2) are for others */' 'int f(void) { return g->read("open(x)"); }' >src/text/parse.c
  printf '%s\n' '#include <stddef.h>' >src/text/parse.h
  printf '%s\n' '#include "net/tcp.h"' '#include "text/parse.h"' >src/prog/main.c
  printf '%s\n' '#include <stddef.h>' '#include <wattle/b.h>' >include/wattle/a.h
}
red() { # NAME REGEX: the spoilt tree is refused with words that match
  exits "$1: refused" 1 "$check" "$tmp/t"
  like "$1: says so" "$out" "$2"
  is "$1: and only that" "$(printf '%s\n' "$out" | wc -l)" 1
}

fresh
exits "a right tree is green" 0 "$check" "$tmp/t"
is "and silent" "$out" ''
fresh; echo '#include "net/tcp.h"' >>src/base/buf.h
red "an include upwards" 'src/base/buf.h:4: room base includes "net/tcp.h"'
fresh; echo '# include	"net/tcp.h"' >>src/text/parse.h
red "an include sideways, oddly spaced" 'room text includes "net/tcp.h"'
fresh; sed -i 's/^base:.*/base: net/' src/rooms.dag; sed -i 3d src/base/buf.h
red "a cycle in the dag" '"base" names "net", which is no room above it'
fresh; sed -i 's/^text: wire base/text: wire base net/' src/rooms.dag
red "a wire room on top of I/O" 'the wire room "text" names "net"'
fresh; echo 'static int f(void) { return open ("x", 0); }' >>src/text/parse.c
red "a file read in a wire room" 'src/text/parse.c:6: a wire room calls open\(\)'
fresh; echo 'uint64_t g(void) { return (uint64_t)time(NULL); }' >>src/text/parse.c
red "a clock in a wire room" 'calls time\(\)'
fresh; echo '#include <sys/socket.h>' >>src/text/parse.h
red "a socket header in a wire room" 'wire room text includes <sys/socket.h>'
fresh; echo '#include <jansson.h>' >>src/net/tcp.c
red "a library that the line does not name" 'does not name @jansson'
fresh; echo '#include <curl/curl.h>' >>src/net/tcp.c
red "a library that nobody named" '<curl/curl.h> belongs to no library'
fresh; echo '#include "parse.h"' >>src/text/parse.c
red "an include without its room" 'not of the form "room/noun.h"'
fresh; echo '#include "../net/tcp.h"' >>src/base/buf.h
red "an include by a path upwards" 'not of the form "room/noun.h"'
fresh; mkdir src/extra; : >src/extra/x.c
red "a folder without a line" 'src/extra: a folder that src/rooms.dag does not name'
fresh; echo 'net: base' >>src/rooms.dag
red "a room named twice" '"net" is named twice'
fresh; echo 'late: base prog' >>src/rooms.dag
red "a room on top of a program" 'names the program "prog"'
fresh; printf '%s\n' 'mod: module base' 'late: base mod' >>src/rooms.dag; mkdir src/mod src/late
red "a room on top of a module" 'names the module "mod"'
fresh; echo '#include <openssl/evp.h>' >>include/wattle/a.h
red "a public header with a library in it" 'a public header includes "openssl/evp.h"'
finish
