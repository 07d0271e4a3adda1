#include "proxyd/watch.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

/* FNV-1a: nobody gains by making two states of files look alike, who may not change them anyway. */
static void mix(uint64_t *sum, uint64_t v)
{
    for (int i = 0; i < 8; i++) {
        *sum ^= v >> (8 * i) & 0xff;
        *sum *= UINT64_C(0x100000001b3);
    }
}

static void sign_file(uint64_t *sum, const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        mix(sum, (uint64_t)errno);
        return;
    }
    mix(sum, st.st_dev);
    mix(sum, st.st_ino);
    mix(sum, (uint64_t)st.st_size);
    mix(sum, st.st_mode);
    mix(sum, st.st_uid);
    mix(sum, (uint64_t)st.st_mtim.tv_sec);
    mix(sum, (uint64_t)st.st_mtim.tv_nsec);
    mix(sum, (uint64_t)st.st_ctim.tv_sec);
    mix(sum, (uint64_t)st.st_ctim.tv_nsec);
}

uint64_t wtl_watch_sign(const wtl_proxyconf *conf, const char *path)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    if (path != NULL)
        sign_file(&sum, path);
    const wtl_conf_table *table = wtl_proxyconf_service_table();
    for (size_t i = 0; i < conf->n; i++) {
        const wtl_conf *c = conf->service[i].conf;
        for (size_t r = 0; r < table->n; r++) {
            const wtl_conf_row *row = &table->row[r];
            bool may = row->kind == WTL_CONF_FILE ||
                       row->kind == WTL_CONF_PIN; /* a key in hexadecimal is a file that is not there */
            for (size_t k = 0; may && k < wtl_conf_count(c, row->name); k++)
                sign_file(&sum, wtl_conf_text(c, row->name, k));
        }
    }
    return sum;
}
