/* The formats of public cache traces. */
#ifndef WTL_REPLAY_PARSE_H
#define WTL_REPLAY_PARSE_H

#include <wattle/bytes.h>

#include "replay/trace.h"

enum wtl_parse_format {
    WTL_PARSE_LIRS, /* text, a decimal number a line; empty lines and "*" are skipped (the traces of the LIRS paper) */
    WTL_PARSE_ADDRESS, /* text, "l|s 0xHEX N" a line: loads and stores of a program */
    WTL_PARSE_CACHE2K, /* numbers of 32 bits, big-endian (cache2k's benchmark) */
    WTL_PARSE_SCARAB,  /* numbers of 64 bits, big-endian (scarab research, in Caffeine's simulator) */
    WTL_PARSE_ORACLE, /* libCacheSim's oracleGeneral: records of 24 bytes, little-endian: u32 time, u64 id, u32 size, i64 next */
    WTL_PARSE_FORMATS
};

/* "lirs" and so on; NULL past the end. */
const char *wtl_parse_name(size_t format);
/* By what the file is called ("lirs_loop.trace.gz", "x.oracleGeneral.bin"): the last part of a path. False: not told. */
bool wtl_parse_by_name(enum wtl_parse_format *out, const char *path);

/* Sizes of what has none in the trace. */
enum { WTL_PARSE_SIZE = 4493 };
/* Appends the requests to `t`. WTL_FORMAT says where it is wrong; wtl_trace_done is left to the caller. */
int wtl_parse_trace(wtl_trace *t, enum wtl_parse_format f, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

#endif
