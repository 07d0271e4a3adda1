/* Whether files that a configuration names changed, told by stat alone: the supervisor does not read them. */
#ifndef WTL_PROXYD_WATCH_H
#define WTL_PROXYD_WATCH_H

#include <stdint.h>

#include "proxyconf/proxyconf.h"

/* A number that stands for device, inode, size, mode, owner and times of change of the configuration's file (`path` or NULL) and of every
 * file that it names; links are followed, and a file that is not there counts as such. */
uint64_t wtl_watch_sign(const wtl_proxyconf *conf, const char *path);

#endif
