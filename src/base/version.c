#include <wattle/version.h>

#include "version_gen.h"

const char *wtl_version(void)
{
    return WTL_VERSION_TEXT;
}
