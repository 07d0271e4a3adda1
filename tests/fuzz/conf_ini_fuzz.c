/* What is read can be written, and reads the same again; both ways of reading agree where no key stands twice. */
#include <stdlib.h>
#include <string.h>

#include "conf/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const wtl_ini *a, const wtl_ini *b)
{
    if (a->n != b->n)
        abort();
    for (size_t i = 0; i < a->n; i++) {
        const wtl_ini_section *s = &a->section[i];
        const wtl_ini_section *t = &b->section[i];
        if (strcmp(s->name, t->name) != 0 || s->n != t->n)
            abort();
        for (size_t k = 0; k < s->n; k++) {
            if (strcmp(s->pair[k].key, t->pair[k].key) != 0 ||
                strcmp(s->pair[k].value, t->pair[k].value) != 0)
                abort();
        }
    }
}

/* "k=" leaves room in a line that "k = " does not. */
static bool write_all(wtl_buf *out, const wtl_ini *ini)
{
    for (size_t i = 0; i < ini->n; i++) {
        const wtl_ini_section *s = &ini->section[i];
        if (wtl_ini_put_section(out, s->name, NULL) < 0)
            abort();
        for (size_t k = 0; k < s->n; k++) {
            size_t n = strlen(s->pair[k].key) + 3 + strlen(s->pair[k].value);
            int rc = wtl_ini_put_pair(out, s->pair[k].key, s->pair[k].value, NULL);
            if ((rc < 0) != (n > WTL_INI_LINE))
                abort();
            if (rc < 0)
                return false;
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(wtl_ini) often = {0};
    AUTO(wtl_ini) once = {0};
    AUTO(wtl_ini) back = {0};
    AUTO(wtl_buf) text = {0};
    wtl_err err = {0};
    int rc = wtl_ini_parse_repeated(&often, (wtl_bytes){data, size}, &err);
    int strict = wtl_ini_parse(&once, (wtl_bytes){data, size}, NULL);
    if (rc < 0) {
        if (rc != WTL_FORMAT || strict != rc || err.text[0] == '\0' || often.section != NULL)
            abort();
        return 0;
    }
    if (strict == WTL_OK)
        same(&often, &once);
    if (!write_all(&text, &often))
        return 0;
    if (wtl_ini_parse_repeated(&back, wtl_buf_view(&text), NULL) < 0)
        abort();
    same(&often, &back);
    return 0;
}
