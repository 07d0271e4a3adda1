#!/usr/bin/env bash
# Completion in bash and zsh: the functions by themselves, and typed into real shells on a pseudo-terminal.
. "$(dirname "$0")/../lib/tap.sh"
requires_command script
cd "$tmp" || exit 1
"$wattle" help --format bash >bash-completion
"$wattle" help --format zsh >_wattle
mkdir -p here/model "here/two words"
: >here/weights.bin
: >here/signer.key

ok "bash takes its file" bash -n bash-completion
# shellcheck source=/dev/null
. ./bash-completion
compopt() { asked="$*"; } # readline's part is tried below

# offers LINE WORDS: what bash offers after LINE. "<files>" and "<folders>" are left to readline.
offers() {
  local line=$1 got
  read -ra COMP_WORDS <<<"${line//=/ = }"
  [[ $line == *[\ =] && $line != *= ]] && COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) asked=''
  _wattle
  got=${COMPREPLY[*]}
  case $asked in *default) got='<files>' ;; *dirnames) got='<folders>' ;; esac
  is "bash: $line" "$got" "$2"
}
commands=$("$wattle" help --format names | cut -d' ' -f1 | LC_ALL=C sort -u | tr '\n' ' ')
commands=${commands% }
offers "wattle " "$commands"
offers "wattle ver" "verify version"
offers "wattle -" "--help --version"
offers "wattle key " "$("$wattle" help --format names | sed -n 's/^key //p' | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')"
offers "wattle key ge" "generate"
offers "wattle nonsense " ""
offers "wattle help " "$commands"
offers "wattle help key s" "show"
offers "wattle help --format z" "zsh"
offers "wattle sign --k" "--key"
offers "wattle sign --key " "<files>"
offers "wattle sign --key a --k" "--key"
offers "wattle sign --hash " "sha256 blake2b sha384 sha512 sha3-256"
offers "wattle sign --hash=" "sha256 blake2b sha384 sha512 sha3-256"
offers "wattle sign --hash=b" "blake2b"
offers "wattle sign --hash sha256 --h" "--help"
offers "wattle sign --hash=sha256 --h" "--help"
offers "wattle sign --force --forc" ""
offers "wattle sign m --forc" "--force"
offers "wattle sign " "<files>"
offers "wattle sign -- " "<files>"
offers "wattle sign -- --fo" "<files>"
offers "wattle open --out " "<folders>"
offers "wattle open c --only " ""
offers "wattle doctor --keys " "<folders>"
offers "wattle doctor a b " "<files>"
offers "wattle version " "--crypto --json --help"
offers "wattle version --crypto " "wattle openssl fips"
offers "wattle key generate --alg ML-K" "ML-KEM-512 ML-KEM-768 ML-KEM-1024"
offers "wattle key generate --alg X" "X-Wing X25519"
offers "wattle key convert x --to " "jwk pem der age"
offers "wattle sign --format=e" "envelope"
offers "wattle key show --public " "<files>"
while IFS= read -r name; do
  # shellcheck disable=SC2086
  offers "wattle $name --" "$("$wattle" $name -h | grep -oE '^  --[a-z0-9-]+' | tr -d ' ' | tr '\n' ' ' | sed 's/ $//')"
done < <("$wattle" help --format names)

# typed NAME SHELL SETUP KEYS WORDS: the arguments that `wattle` gets when KEYS are typed into the shell.
typed() {
  rm -f result ready
  (
    printf '%s\n' "$3; wattle() { printf '<%s>' \"\$@\" >$tmp/result; }; cd $tmp/here; : >$tmp/ready"
    for _ in {1..100}; do [ -e ready ] && break; sleep 0.1; done
    sleep 0.3
    printf '%b' "$4\\n"
    for _ in {1..50}; do [ -e result ] && break; sleep 0.1; done
    printf 'exit\n'
  ) | TERM=dumb timeout 60 script -qec "stty cols 200; exec $2" /dev/null >typescript 2>&1
  is "$1" "$(cat result 2>/dev/null || tail -n 5 typescript)" "$5"
}
both() { # NAME KEYS WORDS [WORDS-OF-ZSH]
  typed "bash, typed: $1" "bash --norc --noprofile -i" "source $tmp/bash-completion" "$2" "$3"
  if command -v zsh >/dev/null; then
    typed "zsh, typed: $1" "zsh -f -i" "fpath=($tmp \$fpath); autoload -Uz compinit; compinit -u -D" "$2" "${4:-$3}"
  else
    skip "zsh, typed: $1 (zsh is not installed)"
  fi
}
if ! has_terminal; then
  skip "typed into shells: no terminal can be made here"
  finish
fi
both "command, option, file" 'wattle sig\t--ke\tsig\twei\t' '<sign><--key><signer.key><weights.bin>' '<sign><--key=signer.key><weights.bin>'
both "two words, values" 'wattle key gen\t--al\tEd\t--ou\tx' '<key><generate><--alg><Ed25519><--out><x>' '<key><generate><--alg=Ed25519><--out=x>'
both "a value after =" 'wattle sign --hash=b\tweights.bin' '<sign><--hash=blake2b><weights.bin>'
both "an option that was used" 'wattle seal --force --fo\t' '<seal><--force><--fo>'
both "one that may be repeated" 'wattle verify --key a --ke\tb' '<verify><--key><a><--key><b>' '<verify><--key><a><--key=b>'
both "folders alone" 'wattle open c --out mod\t' '<open><c><--out><model/>' '<open><c><--out><model>'
both "but no file for a folder" 'wattle open c --out wei\t' '<open><c><--out><wei>'
both "a name with a space" 'wattle verify two\t' '<verify><two words/>' '<verify><two words>'
both "help" 'wattle help ke\tsh\t' '<help><key><show>'
both "help's formats" 'wattle help --format mar\t' '<help><--format><markdown>'
finish
