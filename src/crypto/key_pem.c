#include "crypto/key_pem.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { LINE_MOST = 76, LINE_WRITTEN = 64 };

static const char BEGIN[] = "-----BEGIN ";
static const char END[] = "-----END ";
static const char DASHES[] = "-----";

static bool starts(wtl_bytes v, const char *s)
{
    size_t n = strlen(s);
    return v.n >= n && WTL_CT_PUBLIC(memcmp(v.p, s, n)) == 0;
}

/* The next line without its LF or CRLF; false at the end of the text. */
static bool next_line(wtl_bytes *rest, wtl_bytes *line)
{
    if (rest->n == 0)
        return false;
    const uint8_t *lf = memchr(rest->p, '\n', rest->n);
    size_t n = lf != NULL ? (size_t)(lf - rest->p) : rest->n;
    size_t used = lf != NULL ? n + 1 : n;
    *line = (wtl_bytes){rest->p, n > 0 && lf != NULL && WTL_CT_PUBLIC(rest->p[n - 1] == '\r') ? n - 1 : n};
    *rest = (wtl_bytes){rest->p + used, rest->n - used};
    return true;
}

bool wtl_key_pem_looks(wtl_bytes file)
{
    wtl_bytes line;
    while (next_line(&file, &line)) {
        if (starts(line, DASHES))
            return true;
    }
    return false;
}

/* The label between `lead` and the closing dashes of a boundary line. */
static bool boundary(wtl_bytes line, const char *lead, wtl_bytes *label)
{
    size_t lead_n = strlen(lead);
    size_t tail_n = sizeof DASHES - 1;
    if (!starts(line, lead) || line.n <= lead_n + tail_n ||
        memcmp(line.p + line.n - tail_n, DASHES, tail_n) != 0)
        return false;
    *label = (wtl_bytes){line.p + lead_n, line.n - lead_n - tail_n};
    return true;
}

/* Base64 that arrives line by line; padding only at the very end, its unused bits zero. */
typedef struct decoder {
    uint8_t *to;
    size_t n;      /* bytes written */
    uint32_t bits; /* characters not yet written out */
    unsigned held; /* how many characters, 0 to 3 */
    unsigned pads;
} decoder;

static bool add_pad(decoder *d)
{
    d->pads++;
    if (d->held == 2 && d->pads == 2 && WTL_CT_PUBLIC(d->bits & 0xf) == 0) {
        d->to[d->n++] = (uint8_t)(d->bits >> 4);
        d->held = 0;
    } else if (d->held == 3 && d->pads == 1 && WTL_CT_PUBLIC(d->bits & 3) == 0) {
        d->to[d->n++] = (uint8_t)(d->bits >> 10);
        d->to[d->n++] = (uint8_t)(d->bits >> 2);
        d->held = 0;
    } else {
        return d->held == 2 && d->pads == 1;
    }
    return true;
}

static bool add_char(decoder *d, uint8_t c)
{
    if (WTL_CT_PUBLIC(c == '='))
        return add_pad(d);
    uint32_t v = wtl_text_b64_digit_value(c, '+', '/');
    if (WTL_CT_PUBLIC(v > 63) || d->pads > 0)
        return false;
    d->bits = d->bits << 6 | v;
    if (++d->held < 4)
        return true;
    d->to[d->n++] = (uint8_t)(d->bits >> 16);
    d->to[d->n++] = (uint8_t)(d->bits >> 8);
    d->to[d->n++] = (uint8_t)d->bits;
    d->bits = 0;
    d->held = 0;
    return true;
}

static int add_line(decoder *d, wtl_bytes line, wtl_err *err)
{
    /* RFC 1421's headers: `Proc-Type: 4,ENCRYPTED` derives the key by MD5. */
    ENSURE(!starts(line, "Proc-Type:"), err, WTL_POLICY,
           "the key is encrypted in PEM's own weak way: convert it with `openssl pkcs8 -topk8 -scrypt`");
    ENSURE(line.n > 0 && line.n <= LINE_MOST, err, WTL_FORMAT, "a line of the PEM block is %s",
           line.n == 0 ? "empty" : "longer than 76 characters");
    for (size_t i = 0; i < line.n; i++)
        ENSURE(add_char(d, line.p[i]), err, WTL_FORMAT, "the PEM block is not canonical base64");
    return WTL_OK;
}

/* Up to and with the END line. */
static int read_body(wtl_bytes *rest, wtl_bytes label, decoder *d, wtl_err *err)
{
    wtl_bytes line;
    while (next_line(rest, &line)) {
        wtl_bytes end;
        if (!starts(line, DASHES)) {
            TRY(add_line(d, line, err));
            continue;
        }
        ENSURE(boundary(line, END, &end) && end.n == label.n && memcmp(end.p, label.p, end.n) == 0, err,
               WTL_FORMAT, "the PEM block does not end with the boundary that it began with");
        ENSURE(d->held == 0 && d->n > 0, err, WTL_FORMAT, "the PEM block is empty or cut");
        return WTL_OK;
    }
    return WTL_FAIL(err, WTL_FORMAT, "the PEM block has no end: the file is cut");
}

static int find_begin(wtl_bytes *rest, wtl_bytes *label, wtl_err *err)
{
    wtl_bytes line;
    while (next_line(rest, &line)) {
        if (!starts(line, DASHES))
            continue;
        ENSURE(boundary(line, BEGIN, label), err, WTL_FORMAT, "the file has a damaged PEM boundary line");
        return WTL_OK;
    }
    return WTL_FAIL(err, WTL_FORMAT, "the file has no PEM block");
}

static int only_space(wtl_bytes rest, wtl_err *err)
{
    for (size_t i = 0; i < rest.n; i++) {
        ENSURE(rest.p[i] != '\0' && strchr(" \t\r\n", rest.p[i]) != NULL, err, WTL_FORMAT,
               "the file goes on after the first PEM block: give one key in a file");
    }
    return WTL_OK;
}

int wtl_key_pem_read(wtl_bytes file, wtl_bytes *label, wtl_secret *content, wtl_err *err)
{
    *content = (wtl_secret){0};
    wtl_bytes rest = file;
    TRY(find_begin(&rest, label, err));
    AUTO(wtl_secret) all = {0};
    TRY(wtl_secret_new(&all, rest.n / 4 * 3 + 3, err));
    decoder d = {.to = all.p};
    int rc = read_body(&rest, *label, &d, err);
    size_t n = d.n;
    wtl_secret_wipe(&d, sizeof d);
    TRY(rc);
    TRY(only_space(rest, err));
    return wtl_secret_copy(content, (wtl_bytes){all.p, n}, err);
}

/* One to three bytes as four characters. */
static void encode_group(uint8_t to[4], const uint8_t *p, size_t n)
{
    uint32_t v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);
    for (size_t i = 0; i < 4; i++)
        to[i] = (uint8_t)(i <= n ? wtl_text_b64_digit(v >> (6 * (3 - i)) & 63, '+', '/') : '=');
}

static size_t encode_lines(uint8_t *to, wtl_bytes v)
{
    size_t n = 0;
    for (size_t i = 0, column = 0; i < v.n; i += 3) {
        encode_group(to + n, v.p + i, v.n - i < 3 ? v.n - i : 3);
        n += 4;
        column += 4;
        if (column == LINE_WRITTEN || i + 3 >= v.n) {
            to[n++] = '\n';
            column = 0;
        }
    }
    return n;
}

int wtl_key_pem_write(const char *label, wtl_bytes content, wtl_secret *text, wtl_err *err)
{
    *text = (wtl_secret){0};
    size_t characters = (content.n + 2) / 3 * 4;
    size_t lines = (characters + LINE_WRITTEN - 1) / LINE_WRITTEN;
    size_t frame = sizeof BEGIN + sizeof END + 2 * sizeof DASHES + 2 * strlen(label);
    AUTO(wtl_secret) all = {0};
    TRY(wtl_secret_new(&all, characters + lines + frame, err));
    char *to = (char *)all.p;
    size_t n = (size_t)snprintf(to, frame, "%s%s%s\n", BEGIN, label, DASHES);
    n += encode_lines(all.p + n, content);
    n += (size_t)snprintf(to + n, all.n - n, "%s%s%s\n", END, label, DASHES);
    return wtl_secret_copy(text, (wtl_bytes){all.p, n}, err);
}
