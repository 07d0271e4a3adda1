/* What a fuzz target defines: libFuzzer calls it, and so does replay.c. */
#ifndef WTL_TESTS_REPLAY_H
#define WTL_TESTS_REPLAY_H

#include <stddef.h>
#include <stdint.h>

/* Tries one input; returns 0, and aborts when something that must hold does not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
