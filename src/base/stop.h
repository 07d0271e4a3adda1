/* A wish to end early, asked by a signal handler and seen wherever the program waits for files. */
#ifndef WTL_BASE_STOP_H
#define WTL_BASE_STOP_H

#include <stdbool.h>

/* From a signal handler or another thread: what reads or writes from now on fails with WTL_IO, so that
 * the work unwinds and removes its temporary files. Once asked, it stays asked. */
void wtl_stop_ask(int signal_number);

/* The signal number that asked, or 0. */
int wtl_stop_asked(void);

#endif
