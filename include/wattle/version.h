/* Versions of the library and of the crypto library under it. */
#ifndef WATTLE_VERSION_H
#define WATTLE_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Semantic version of this library, for example "0.1.0". Static storage. */
const char *wtl_version(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
