/* The first page of a container, which is never rewritten (docs/formats/wtl.md, "Preamble"). */
#ifndef WTL_CONTAINER_PREAMBLE_H
#define WTL_CONTAINER_PREAMBLE_H

#include "base/err.h"
#include <stdint.h>

#include <wattle/bytes.h>

enum {
    WTL_PREAMBLE_SIZE = 4096,
    WTL_PREAMBLE_ID = 32,
    WTL_PREAMBLE_SLOT_MIN = 4096,
    WTL_PREAMBLE_SLOT_MAX = 16777216,
    WTL_PREAMBLE_VERSION = 1,
    WTL_PREAMBLE_SUITE = 1
};

typedef struct wtl_preamble {
    uint16_t version;
    uint16_t suite;
    uint32_t slot_size;          /* bytes of one header slot, a power of two */
    uint8_t id[WTL_PREAMBLE_ID]; /* random, names the container in every key derivation */
} wtl_preamble;

void wtl_preamble_encode(const wtl_preamble *p, uint8_t page[WTL_PREAMBLE_SIZE]);

/* WTL_FORMAT: not a container (also one damaged by a text-mode transfer, which the sentence says), a version or
 * suite that this program does not know, a slot size out of bounds, padding that is not zero. */
int wtl_preamble_parse(wtl_preamble *out, wtl_bytes page, wtl_err *err) WTL_MUST_USE;

/* "HPKE, HKDF-SHA-512, Cobblestone-256 (AES-256-GCM)": what suite 1 is, for people. NULL when unknown. */
const char *wtl_preamble_suite_name(unsigned suite);

/* Where the objects may begin: after the preamble and two slots. */
uint64_t wtl_preamble_payload(const wtl_preamble *p);

#endif
