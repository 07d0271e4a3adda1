#include "hello/ext.h"

bool wtl_ext_has(const wtl_ext_set *s, uint16_t v)
{
    return (s->bits[v / 8] >> v % 8 & 1) != 0;
}

bool wtl_ext_add(wtl_ext_set *s, uint16_t v)
{
    bool was = wtl_ext_has(s, v);
    s->bits[v / 8] = (uint8_t)(s->bits[v / 8] | 1u << v % 8);
    return !was;
}

wtl_bytes wtl_ext_vector8(wtl_rd *r)
{
    return wtl_rd_take(r, wtl_rd_u8(r));
}

wtl_bytes wtl_ext_vector16(wtl_rd *r)
{
    return wtl_rd_take(r, wtl_rd_u16(r));
}

int wtl_ext_next(wtl_rd *list, wtl_ext_set *seen, uint16_t *type, wtl_bytes *body, const char *hello,
                 wtl_err *err)
{
    *type = wtl_rd_u16(list);
    *body = wtl_ext_vector16(list);
    ENSURE(!list->bad, err, WTL_FORMAT, "the extensions of the %s do not add up to their length", hello);
    /* "There MUST NOT be more than one extension of the same type in a given extension block." */
    ENSURE(wtl_ext_add(seen, *type), err, WTL_FORMAT, "the %s has extension %u twice", hello, *type);
    return WTL_OK;
}

static const char *name_of(uint16_t type)
{
    switch (type) {
    case WTL_EXT_SERVER_NAME:
        return "server_name";
    case WTL_EXT_GROUPS:
        return "supported_groups";
    case WTL_EXT_SIGNATURES:
        return "signature_algorithms";
    case WTL_EXT_ALPN:
        return "application_layer_protocol_negotiation";
    case WTL_EXT_PSK:
        return "pre_shared_key";
    case WTL_EXT_VERSIONS:
        return "supported_versions";
    case WTL_EXT_COOKIE:
        return "cookie";
    case WTL_EXT_PSK_MODES:
        return "psk_key_exchange_modes";
    case WTL_EXT_SHARES:
        return "key_share";
    default:
        return "unknown";
    }
}

int wtl_ext_fail(uint16_t type, const char *hello, wtl_err *err)
{
    return WTL_FAIL(err, WTL_FORMAT, "the %s has a malformed extension %s (%u)", hello, name_of(type), type);
}
