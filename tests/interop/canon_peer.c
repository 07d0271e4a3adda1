/* One JSON text a line on standard input; its canonical text, or "refused", a line on standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "json/canon.h"

static const char *answer(wtl_bytes text, wtl_buf *out)
{
    AUTO(json_t) *j = NULL;
    if (wtl_json_parse(&j, text, "input", NULL) < 0 || wtl_canon_write(j, out, NULL) < 0)
        return "refused";
    return wtl_buf_cstr(out);
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        AUTO(wtl_buf) out = {0};
        size_t length = (size_t)n - (line[n - 1] == '\n');
        puts(answer((wtl_bytes){(const uint8_t *)line, length}, &out));
    }
    free(line);
    return fflush(stdout) == 0 ? 0 : 1;
}
