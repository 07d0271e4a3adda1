/* The setting `report`: what an activation did, one line at its end. */
#ifndef WTL_PROVIDER_REPORT_H
#define WTL_PROVIDER_REPORT_H

#include "base/buf.h"
#include "provider/prov.h"

/* Appends "wattle pid=12 program=nginx cpu=avx512 mldsa-sign=3 ..." with every counter of counters.def, and a newline. */
void wtl_report_line(wtl_buf *out, wtl_prov *p);
/* Writes the line to where the setting says, in one write to a file opened for appending; nothing without the setting. A
 * file that cannot be written is passed over: the process is ending. */
void wtl_report_write(wtl_prov *p);
/* The kernels in use: the level that was set, else the best of this machine. */
const char *wtl_report_cpu(const wtl_prov *p);

/* A provider is never torn down where the program keeps one of its keys or methods to the end (an SSL_CTX is enough): the
 * file wattle.so asks at the process's end for the lines of those. */
void wtl_report_begin(wtl_prov *p); /* once, when the settings are read; does nothing without a `report` */
void wtl_report_rest(void);

#endif
