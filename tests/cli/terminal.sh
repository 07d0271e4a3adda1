#!/usr/bin/env bash
# On a terminal: the bar fits it, and when it goes away nothing hangs, nothing is left, and the exit code says why.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
requires_command script stty timeout
has_terminal || skip_all "no terminal can be made here"
cd "$tmp" || exit 1
make_keys signer=ML-DSA-65 alice=X-Wing
truncate -s 64G endless 2>/dev/null || skip_all "this file system has no sparse files of 64 GiB"
export TERM=dumb

# What was drawn, one state of the line a line.
states() { tr -d '\n' <"$1" | tr '\r' '\n' | sed 's/\x1b\[K//g' | grep -E '^(hashing|sealing)'; }
leftovers() { find . -name '.*wattle-*'; }

# ---- the bar
on_terminal() { script -qec "stty cols $1 2>/dev/null; $2" "$tmp/typescript" >"$tmp/script.out" 2>&1; }

on_terminal 100 "timeout --foreground -s INT 2.5 $wattle sign endless --key signer.key"
states typescript >lines
like "known total: size, rate, part and time" "$(tail -n1 lines)" '^hashing [0-9.]+ [MG]B, [0-9.]+ GB/s, [0-9]+ %, [0-9]+ (s|min|h|days) left$'
ok "it moves" test "$(sort -u lines | wc -l)" -ge 3
is "the interrupted run leaves nothing" "$(leftovers)$(ls -- *.sig 2>/dev/null)" ''

on_terminal 24 "timeout --foreground -s INT 2 $wattle sign endless --key signer.key"
states typescript >lines
is "narrow: no state is wider than the terminal" "$(awk 'length > 23' lines)" ''
ok "but it is filled" grep -qE '^.{23}$' lines

on_terminal 100 "{ head -c 3M /dev/zero; sleep 1.2; head -c 5M /dev/zero; sleep 0.3; head -c 9M /dev/zero; sleep 0.3; } | $wattle seal - --to alice.pub --out bar.wtl"
states typescript >lines
like "unknown total: size and rate alone" "$(tail -n1 lines)" '^sealing [0-9.]+ MB, [0-9.]+ GB/s$'
ok "the container is whole" "$wattle" info bar.wtl
rm -f bar.wtl

on_terminal 100 "timeout --foreground -s INT 2 $wattle sign endless --key signer.key --quiet"
is "--quiet: no bar" "$(states typescript)" ''
timeout -s INT 2 "$wattle" sign endless --key signer.key 2>err.txt
is "no terminal: no bar" "$(tr -d '\r' <err.txt | grep -c hashing)" 0
on_terminal 100 "$wattle sign signer.pub --key signer.key"
is "a short run: no bar" "$(states typescript)" ''
rm -f signer.pub.sig

# ---- the terminal goes away
# nohup cannot be undone by a shell.
if (($(sed -n 's/^SigIgn:[^0-9a-f]*/0x/p' /proc/self/status) & 1)); then diag "SIGHUP is ignored here"; finish; fi
mkfifo keyboard; exec 8<>keyboard # nobody types, and it does not end
# vanishes NAME TRAP CODE SECONDS COMMAND: the terminal of COMMAND dies after SECONDS. The shell that leads its session
# is hung up and ends, and the kernel hangs up the rest; TRAP is what SIGHUP meets in the shell that waits for COMMAND.
vanishes() {
  local terminal i
  rm -f code
  printf '%s\n' "trap $2 HUP" "$5" "echo \$? >$tmp/code.new; mv $tmp/code.new $tmp/code" >inner
  script -qec "bash $tmp/inner; :" /dev/null >/dev/null 2>&1 <keyboard &
  terminal=$!
  sleep "$4"
  kill -9 "$terminal"; wait "$terminal" 2>/dev/null
  for ((i = 0; i < 600; i++)); do [ -e code ] && break; sleep 0.1; done
  like "$1" "$(cat code 2>/dev/null || echo "still running")" "^($3)$"
  is "  nothing is left" "$(leftovers)" ''
}
vanishes "sign ends by the hang-up" : 129 2 "$wattle sign endless --key signer.key"
is "  and no signature appears" "$(ls endless.sig 2>/dev/null)" ''
vanishes "seal, too" : 129 2 "$wattle seal endless --to alice.pub --out e.wtl"
is "  and no container appears" "$(ls e.wtl 2>/dev/null)" ''
vanishes "seal that waits for its input" : 129 1 "sleep 60 | $wattle seal - --to alice.pub --out e.wtl"
is "  and no container appears" "$(ls e.wtl 2>/dev/null)" ''
# What comes first, the end of the terminal or the signal, is a race.
vanishes "a question for a passphrase" : "129|3" 1 "$wattle key generate --alg ML-DSA-44 --out asked --encrypt"
is "  and no key appears" "$(ls asked.* 2>/dev/null)" ''

# Where SIGHUP is ignored (nohup), work goes on with a terminal that takes nothing.
truncate -s 3G long
vanishes "without the signal sign goes on" "''" 0 1.5 "$wattle sign long --key signer.key >said"
ok "  and the signature is good" "$wattle" verify long --key signer.pub
rm -f long.sig
vanishes "what cannot be told is an error" "''" 3 1 "sleep 2; $wattle algs"
vanishes "a question without an answer, too" "''" 3 1 "$wattle key generate --alg ML-DSA-44 --out asked --encrypt"
is "  and no key appears" "$(ls asked.* 2>/dev/null)" ''
finish
