/* What `status` and `check` print for people. */
#ifndef WTL_PROXYD_SHOW_H
#define WTL_PROXYD_SHOW_H

#include "json/json.h"

/* Appends the state of one proxy, as /status tells it. */
void wtl_show_status(const json_t *status, wtl_buf *out);
/* Appends a line or a few a service, as wtl_proxy_describe tells them: the array, or the object that has it as "services". */
void wtl_show_services(const json_t *services, wtl_buf *out);
/* Appends what is one indented object for scripts. */
int wtl_show_json(const json_t *j, wtl_buf *out, wtl_err *err) WTL_MUST_USE;
/* Writes it to standard output. */
int wtl_show_out(const wtl_buf *text, wtl_err *err) WTL_MUST_USE;

#endif
