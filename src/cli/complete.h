/* Completion scripts for shells, from the command tables, on standard output. */
#ifndef WTL_CLI_COMPLETE_H
#define WTL_CLI_COMPLETE_H

void wtl_complete_bash(void);
void wtl_complete_zsh(void);

#endif
