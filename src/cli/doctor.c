#include "cli/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void wtl_doctor_auto(wtl_doctor *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free(d->row[i].subject);
        free(d->row[i].text);
        free(d->row[i].advice);
    }
    for (size_t i = 0; i < d->n_folders; i++)
        free(d->folder[i]);
    free(d->row);
    free(d->folder);
    *d = (wtl_doctor){0};
}

static char *copy(wtl_doctor *d, const char *text)
{
    char *own = text != NULL ? strdup(text) : NULL;
    d->no_memory = d->no_memory || (text != NULL && own == NULL);
    return own;
}

void wtl_doctor_say(wtl_doctor *d, enum wtl_doctor_level level, const char *check, const char *subject,
                    const char *advice, const char *fmt, ...)
{
    AUTO(wtl_buf) text = {0};
    va_list ap;
    va_start(ap, fmt);
    wtl_buf_vfmt(&text, fmt, ap);
    va_end(ap);
    wtl_doctor_row *more = reallocarray(d->row, d->n + 1, sizeof *more);
    if (more == NULL || wtl_buf_cstr(&text) == NULL) {
        d->no_memory = true;
        d->row = more != NULL ? more : d->row;
        return;
    }
    d->row = more;
    d->row[d->n++] = (wtl_doctor_row){.level = level,
                                      .check = check,
                                      .subject = copy(d, subject),
                                      .text = copy(d, wtl_buf_cstr(&text)),
                                      .advice = copy(d, advice)};
}

bool wtl_doctor_is_new(wtl_doctor *d, const char *folder)
{
    for (size_t i = 0; i < d->n_folders; i++) {
        if (strcmp(d->folder[i], folder) == 0)
            return false;
    }
    char **more = reallocarray(d->folder, d->n_folders + 1, sizeof *more);
    if (more != NULL) {
        d->folder = more;
        d->folder[d->n_folders] = copy(d, folder);
        d->n_folders += d->folder[d->n_folders] != NULL;
    }
    d->no_memory = d->no_memory || more == NULL;
    return true;
}

size_t wtl_doctor_count(const wtl_doctor *d, enum wtl_doctor_level level)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        n += d->row[i].level == level;
    return n;
}

const char *wtl_doctor_level_name(enum wtl_doctor_level level)
{
    static const char *const names[] = {"ok", "note", "warning", "problem"};
    return names[level];
}
