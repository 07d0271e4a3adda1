# Every allocation that is not libcrypto's fails once, and all from one on: each command ends with a sentence, leaves no
# part of an output, and what succeeds is right.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
. "$(dirname "$0")/../lib/fault.sh"
export wattle
for c in "${fault_cases[@]}"; do
  fault "$c" own once --some --codes "70 3"
  fault "$c" own on --some --codes "70 3"
done
finish
