#include "bench/cacheload.h"

#include <dlfcn.h>
#include <string.h>

#include "base/text.h"

void wtl_cacheload_free(wtl_cacheload *l)
{
    for (size_t i = 0; i < l->n_objects; i++)
        dlclose(l->object[i]);
    *l = (wtl_cacheload){0};
}

void wtl_cacheload_auto(wtl_cacheload *l)
{
    wtl_cacheload_free(l);
}

int wtl_cacheload_add(wtl_cacheload *l, const wtl_cachepeer *p, wtl_err *err)
{
    ENSURE(l->n < WTL_CACHELOAD_MOST, err, WTL_USAGE, "at most %d tables can be measured in one run",
           (int)WTL_CACHELOAD_MOST);
    ENSURE(p->abi == WTL_CACHEPEER_ABI, err, WTL_USAGE,
           "the table is made for version %u of bench/cachepeer.h, and this is %d: build it again", p->abi,
           (int)WTL_CACHEPEER_ABI);
    bool whole = p->name != NULL && p->version != NULL && p->note != NULL && p->open != NULL &&
                 p->close != NULL && p->get != NULL && p->mixed != NULL && p->set != NULL && p->del != NULL &&
                 p->lone != NULL && (p->join == NULL) == (p->leave == NULL);
    ENSURE(whole, err, WTL_USAGE, "the table lacks what bench/cachepeer.h asks for");
    l->peer[l->n++] = p;
    return WTL_OK;
}

static int add_all(wtl_cacheload *l, wtl_cachepeer_at_fn *at, wtl_err *err)
{
    const wtl_cachepeer *p = at(0);
    ENSURE(p != NULL, err, WTL_USAGE, "it has no table");
    for (unsigned i = 0; (p = at(i)) != NULL; i++)
        TRY(wtl_cacheload_add(l, p, err));
    return WTL_OK;
}

static int load(wtl_cacheload *l, const char *path, wtl_err *err)
{
    AUTO(wtl_buf) why = {0};
    ENSURE(l->n_objects < WTL_CACHELOAD_MOST, err, WTL_USAGE, "at most %d objects can be loaded in one run",
           (int)WTL_CACHELOAD_MOST);
    ENSURE(strchr(path, '/') != NULL, err, WTL_USAGE, "no path: write ./ before the name of a file");
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
        wtl_text_quote(&why, wtl_text_of(dlerror())); /* it names the file again, as it is */
        const char *text = wtl_buf_cstr(&why);
        return WTL_FAIL(err, WTL_USAGE, "no object that can be loaded: %.300s", text != NULL ? text : "");
    }
    l->object[l->n_objects++] = object;
    void *found = dlsym(object, "wtl_cachepeer_at");
    ENSURE(found != NULL, err, WTL_USAGE,
           "it exports no wtl_cachepeer_at: tools/bench-cache builds what does");
    wtl_cachepeer_at_fn *at;
    memcpy(&at, &found, sizeof at); /* ISO C knows no cast from objects to functions */
    return add_all(l, at, err);
}

int wtl_cacheload_file(wtl_cacheload *l, const char *path, wtl_err *err)
{
    AUTO(wtl_buf) shown = {0};
    wtl_text_quote(&shown, wtl_text_of(path));
    const char *name = wtl_buf_cstr(&shown);
    ENSURE(name != NULL, err, WTL_NOMEM, "out of memory");
    int rc = load(l, path, err);
    if (rc < 0)
        wtl_err_prefix(err, "%.200s: ", name);
    return rc;
}
