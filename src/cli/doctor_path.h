/* What `wattle doctor` says of files and folders: keys, certificates, containers, leftovers. */
#ifndef WTL_CLI_DOCTOR_PATH_H
#define WTL_CLI_DOCTOR_PATH_H

#include "cli/doctor.h"

/* A file, or every file of a folder (not of those below it). */
void wtl_doctor_path(wtl_doctor *d, const char *path);

/* Temporary files that killed commands left in the folder. */
void wtl_doctor_path_leftovers(wtl_doctor *d, const char *folder);

#endif
