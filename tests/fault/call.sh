# System calls that fail: a sentence and no half of anything. Interrupted calls and short transfers: nobody notices.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
. "$(dirname "$0")/../lib/fault.sh"
export wattle
for c in "${fault_cases[@]}"; do
  fault "$c" EINTR once --survive
  fault "$c" EINTR each --survive --runs 1
  fault "$c" short once --survive
  fault "$c" short on --survive --runs 1
  fault "$c" EIO once --codes "3 70"
  fault "$c" EMFILE once --codes "3 70"
  fault "$c" ENOMEM once --codes "3 70"
  fault "$c" EAGAIN once --codes "3 70 75"
done
for c in "${writing_cases[@]}"; do
  fault "$c" ENOSPC once --codes 3
  fault "$c" ENOSPC on --codes 3
  fault "$c" EMFILE on --codes "3 70"
done
finish
