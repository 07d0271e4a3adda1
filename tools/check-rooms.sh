#!/usr/bin/env bash
# Holds every #include below src against src/rooms.dag, and keeps wire rooms free of files, sockets and clocks.
#   tools/check-rooms.sh [ROOT]     prints one line for each finding; exit 1 when there is one
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=${1:-$here}
cd "$root"
[ -r src/rooms.dag ] || { echo "src/rooms.dag: not there" >&2; exit 2; }

found=$(mktemp)
trap 'rm -f "$found"' EXIT

# The dag itself: rooms once, named after those that they use, programs and I/O out of reach.
awk '
  function bad(text) { printf "src/rooms.dag:%d: %s\n", NR, text }
  /^[ \t]*(#|$)/ { next }
  !/^[a-z][a-z0-9]*:/ { bad("not of the form `room: words`"); next }
  {
    room = $1; sub(/:.*/, "", room)
    text = $0; sub(/^[a-z0-9]+:/, "", text)
    if (room in kind) bad("the room \"" room "\" is named twice")
    n = split(text, word, /[ \t]+/); own = "room"
    for (i = 1; i <= n; i++) if (word[i] ~ /^(wire|program|module)$/) own = word[i]
    for (i = 1; i <= n; i++) {
      w = word[i]
      if (w == "" || (w == own && !seen[room, w]++)) continue
      if (w ~ /^@/) { if (w !~ /^@(openssl|ssl|jansson|smartcols|inih|seccomp|sdt)$/) bad("no library is called \"" w "\"; tools/check-rooms.sh knows the headers of each") }
      else if (!(w in kind)) bad("\"" room "\" names \"" w "\", which is no room above it: arrows point downwards only")
      else if (kind[w] ~ /^(program|module)$/) bad("\"" room "\" names the " kind[w] " \"" w "\": nothing stands on a " kind[w])
      else if (own == "wire" && kind[w] != "wire" && w !~ /^(base|kernel|crypto)$/) bad("the wire room \"" room "\" names \"" w "\", which may do I/O")
    }
    kind[room] = own
  }' src/rooms.dag >>"$found"

# Every folder is a room.
for dir in src/*/; do
  room=$(basename "$dir")
  grep -q "^$room:" src/rooms.dag || echo "src/$room: a folder that src/rooms.dag does not name" >>"$found"
done

mapfile -t sources < <(find src -type f \( -name '*.c' -o -name '*.h' -o -name '*.def' \) | LC_ALL=C sort)
mapfile -t public < <(find include -type f -name '*.h' 2>/dev/null | LC_ALL=C sort)

# A quoted include is a room and its header; a <...> one is the C library, <wattle/...> or a library of the line.
includes='
  function bad(text) { printf "%s:%d: %s\n", FILENAME, FNR, text }
  BEGIN {
    while ((getline line < "src/rooms.dag") > 0) {
      if (line !~ /^[a-z]/) continue
      room = line; sub(/:.*/, "", room)
      sub(/^[a-z0-9]+:/, "", line); allowed[room] = " " line " "
      gsub(/\t/, " ", allowed[room])
    }
    std = "^(assert|ctype|errno|inttypes|limits|setjmp|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|endian)[.]h$"
    sys = "^(dirent|dlfcn|fcntl|fnmatch|getopt|grp|langinfo|libgen|locale|malloc|netdb|poll|pthread|pwd|sched|semaphore|signal|spawn|syscall|termios|threads|time|unistd|wchar|arpa/.*|linux/.*|net/.*|netinet/.*|sys/.*)[.]h$"
    vector = "^(immintrin|arm_neon|cpuid)[.]h$"
    lib["@openssl"] = "^openssl/"; ssl = "^openssl/(ssl|ssl3|tls1|quic)[.]h$"; lib["@seccomp"] = "^seccomp[.]h$"; lib["@sdt"] = "^sys/sdt[.]h$"; lib["@jansson"] = "^jansson(_config)?[.]h$"; lib["@inih"] = "^ini[.]h$"; lib["@smartcols"] = "^libsmartcols([.]h|/)"
  }
  function has(room, word) { return index(allowed[room], " " word " ") > 0 }
  FNR == 1 { split(FILENAME, part, "/"); room = part[2]; inside = part[1] == "src" }
  /^[ \t]*#[ \t]*include/ {
    name = $0; sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
    quoted = name ~ /^"/; sub(/^["<]/, "", name); sub(/[">].*/, "", name)
    if (!inside) {
      if (quoted || (name !~ std && name !~ /^wattle\//)) bad("a public header includes \"" name "\": only <wattle/...> and the C library")
    } else if (quoted) {
      if (name ~ /^[a-z0-9_]+_gen[.]h$/) next
      to = name; sub(/\/.*/, "", to)
      if (name !~ /^[a-z0-9]+\/[a-z0-9_.\/]+$/ || name ~ /[.][.]/) bad("\"" name "\" is not of the form \"room/noun.h\"")
      else if (to != room && !has(room, to)) bad("room " room " includes \"" name "\", and its line in src/rooms.dag does not name " to)
    } else {
      if (name ~ std || name ~ /^wattle\//) next
      for (l in lib) if (name ~ lib[l]) {
        if (name ~ ssl) l = "@ssl"
        if (!has(room, l)) bad("room " room " includes <" name ">, and its line in src/rooms.dag does not name " l)
        next
      }
      if (has(room, "wire")) bad("the wire room " room " includes <" name ">: wire rooms know no files, sockets, clocks or threads")
      else if (name !~ sys && !(name ~ vector && room ~ /^(kernel|base|cache)$/)) bad("<" name "> belongs to no library that src/rooms.dag knows")
    }
  }'
[ ${#sources[@]} -eq 0 ] || awk "$includes" "${sources[@]}" >>"$found"
[ ${#public[@]} -eq 0 ] || awk "$includes" "${public[@]}" >>"$found"

# Calls that reach outside the process. What a library would do in a file's name counts too.
outside='open|openat|creat|close|read|write|pread|pwrite|readv|writev|lseek|fopen|fdopen|freopen|fclose|fread|fwrite|fgets|fgetc|getc|getchar|getline|fputs|fputc|putc|putchar|puts|printf|vprintf|fprintf|vfprintf|dprintf|perror|fscanf|scanf|tmpfile|stat|fstat|lstat|fstatat|statx|access|unlink|unlinkat|rename|renameat|mkdir|rmdir|opendir|fdopendir|readdir|mmap|socket|socketpair|connect|bind|listen|accept|accept4|send|sendto|sendmsg|recv|recvfrom|recvmsg|poll|ppoll|select|epoll_create1|epoll_wait|getaddrinfo|time|clock|clock_gettime|gettimeofday|nanosleep|sleep|usleep|localtime|localtime_r|gmtime|gmtime_r|getenv|secure_getenv|fork|exec[a-z]+|posix_spawnp?|pthread_create|thrd_create|json_load_file|json_loadf|json_loadfd|json_load_callback|json_dump_file|json_dumpf|json_dumpfd|BIO_new_file|BIO_new_fp|BIO_new_fd|BIO_new_socket'
wire=$(sed -n 's/^\([a-z0-9]*\):.*[ \t]wire\([ \t].*\)\{0,1\}$/\1/p' src/rooms.dag)
mapfile -t wired < <(printf '%s\n' "${sources[@]}" | awk -F/ -v wire=" ${wire//$'\n'/ } " 'index(wire, " " $2 " ")')
for file in "${wired[@]}"; do
  awk -f "$here/tools/strip-c.awk" "$file" | awk -v file="$file" -v call="(^|[^A-Za-z0-9_>.])($outside)[ \t]*[(]" '
    match($0, call) {
      name = substr($0, RSTART, RLENGTH); gsub(/[^A-Za-z0-9_]/, "", name)
      printf "%s:%d: a wire room calls %s(): wire rooms take bytes and give structures\n", file, NR, name
    }' >>"$found"
done

[ ! -s "$found" ] || { cat "$found"; exit 1; }
