/* Manual pages in mdoc(7), from the command tables, on standard output. */
#ifndef WTL_CLI_MAN_H
#define WTL_CLI_MAN_H

#include "cli/cmd.h"

void wtl_man_page(const wtl_cmd *c); /* wattle-sign(1) */
void wtl_man_overview(void);         /* wattle(1) */

/* "wattle-key-generate", into 64 bytes: the name of a command's pages. */
char *wtl_man_name(const wtl_cmd *c, char out[64]);

#endif
