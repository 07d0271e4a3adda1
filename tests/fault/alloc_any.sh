# The same with libcrypto's allocations, which are thousands: the first ones and a sample of the rest. libcrypto often calls a
# key malformed or a signature wrong when it has no memory, so those answers may come: never a yes that is not true.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/models.sh"
. "$(dirname "$0")/../lib/fault.sh"
export wattle
for c in key_generate key_generate_age key_show sign verify seal open info; do
  fault "$c" any once --some --codes "70 3 4 1" --runs 120
  fault "$c" any on --some --codes "70 3 4 1" --runs 120
done
finish
