/* The commands sign and verify where envelopes are concerned. */
#ifndef WTL_CLI_ENVELOPED_H
#define WTL_CLI_ENVELOPED_H

#include <stdbool.h>

#include "cli/args.h"

/* The options of sign that belong to envelopes, for its table. */
#define WTL_ENVELOPED_OPTS                                                                        \
    {.name = "format",                                                                            \
     .arg = "NAME",                                                                               \
     .values = "bundle envelope",                                                                 \
     .help = "bundle (default), or envelope: one JSON object about one file"},                    \
        {.name = "payload-type",                                                                  \
         .arg = "TYPE",                                                                           \
         .help = "envelope: the file's media type (default application/octet-stream)"},           \
        {.name = "rotate-by",                                                                     \
         .arg = "DATE",                                                                           \
         .help = "envelope: when the key is to be replaced, 2027-01-31 or 2027-01-31T12:00:00Z"}, \
        {.name = "next-key",                                                                      \
         .arg = "FILE",                                                                           \
         .help = "envelope: public key that will replace the signing key"}

/* Whether sign is to make envelopes. WTL_USAGE for another format, and for options that the format asked for does not
 * have. */
int wtl_enveloped_asked(const wtl_args *args, bool *asked, wtl_err *err) WTL_MUST_USE;
int wtl_enveloped_sign(const wtl_args *args, wtl_err *err) WTL_MUST_USE;

/* Whether verify has an envelope among the signature files that it is to look at. */
int wtl_enveloped_found(const wtl_args *args, bool *found, wtl_err *err) WTL_MUST_USE;
int wtl_enveloped_verify(const wtl_args *args, wtl_err *err) WTL_MUST_USE;

#endif
