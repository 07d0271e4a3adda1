/* The generated parts of a page in docs/commands, on standard output. */
#ifndef WTL_CLI_MARKDOWN_H
#define WTL_CLI_MARKDOWN_H

#include "cli/cmd.h"

/* `-h` as a block, "## Examples" and "## Output for scripts", the last two only where the table has the data. */
void wtl_markdown_page(const wtl_cmd *c);
/* A table of the commands with links to their pages. */
void wtl_markdown_overview(void);

#endif
