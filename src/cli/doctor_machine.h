/* What `wattle doctor` looks at without being told: the crypto library, this process, the machine. */
#ifndef WTL_CLI_DOCTOR_MACHINE_H
#define WTL_CLI_DOCTOR_MACHINE_H

#include "cli/doctor.h"

void wtl_doctor_machine(wtl_doctor *d);

#endif
