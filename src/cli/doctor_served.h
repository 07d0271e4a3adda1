/* Findings about who computes what, in Wattle and in programs that a configuration of OpenSSL sets up. */
#ifndef WTL_CLI_DOCTOR_SERVED_H
#define WTL_CLI_DOCTOR_SERVED_H

#include "cli/doctor.h"

/* Wattle's own context, and the kernels that this processor runs. */
void wtl_doctor_served(wtl_doctor *d);
/* The context that this openssl.cnf makes. Loads the modules that it names. */
void wtl_doctor_served_conf(wtl_doctor *d, const char *path);

#endif
