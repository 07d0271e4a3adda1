/* Options whose value is a number. */
#ifndef WTL_CLI_NUMBER_H
#define WTL_CLI_NUMBER_H

#include <stdint.h>

#include "cli/args.h"

/* Row of a command's table for the option that wtl_number_threads reads. */
#define WTL_NUMBER_THREADS \
    {.name = "threads", .arg = "N", .help = "threads to work with (default: one a processor)"}

/* The digest, in hexadecimal, that the option gives: *out is `to`, or NULL when it is not given. WTL_USAGE. */
enum { WTL_NUMBER_DIGEST = 64 };
int wtl_number_digest(const uint8_t **out, uint8_t to[WTL_NUMBER_DIGEST], const wtl_args *args,
                      const char *option, wtl_err *err) WTL_MUST_USE;

/* The value of --threads, 0 when it is not given. WTL_USAGE for anything but 1 to 1024. */
int wtl_number_threads(unsigned *out, const wtl_args *args, wtl_err *err) WTL_MUST_USE;

/* The seconds that the option names: a number, or one with s, m, h or d behind it ("90", "15m", "12h", "30d"), at most
 * `most`; *out is left alone when it is not given. WTL_USAGE. */
int wtl_number_duration(int64_t *out, const wtl_args *args, const char *option, int64_t most,
                        wtl_err *err) WTL_MUST_USE;

#endif
