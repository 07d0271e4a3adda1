#include "tls/ticket.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/ssl.h>

#include "crypto/kdf.h"
#include "crypto/lib.h"
#include "fs/in.h"

enum { NAME = 16, AES = 32, MAC = 32, LINE = 2 * WTL_TICKET_SECRET, KEEP_MOST = 1024 };

/* One key, and the name by which a ticket says that it is made with it. */
typedef struct row {
    uint8_t name[NAME];
    uint8_t aes[AES];
    uint8_t mac[MAC];
} row;

struct wtl_ticket {
    pthread_mutex_t lock;
    wtl_secret prk[WTL_TICKET_SECRETS];
    size_t n;
    uint64_t rotate;
    uint64_t keep;
    uint64_t epoch; /* of which the rows are, while `filled` */
    bool filled;
    wtl_secret rows; /* of secret s and epoch e: row s * span + e % span */
    EVP_CIPHER *cipher;
    int64_t (*clock)(void *arg);
    void *arg;
};

static int64_t wall_clock(void *arg)
{
    (void)arg;
    return (int64_t)time(NULL);
}

/* Epochs whose tickets are opened: `keep` past ones, this one, the next. */
static uint64_t span(const wtl_ticket *t)
{
    return t->keep + 2;
}

static row *row_of(const wtl_ticket *t, size_t secret, uint64_t epoch)
{
    void *rows = t->rows.p;
    return (row *)rows + secret * span(t) + epoch % span(t);
}

void wtl_ticket_free(wtl_ticket *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->n; i++)
        wtl_secret_free(&t->prk[i]);
    wtl_secret_free(&t->rows);
    EVP_CIPHER_free(t->cipher);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

void wtl_ticket_auto(wtl_ticket **t)
{
    wtl_ticket_free(*t);
}

static int set_up(wtl_ticket *t, wtl_bytes secrets, wtl_err *err)
{
    static const char salt[] = "wattle session tickets v1";
    wtl_bytes salted = {(const uint8_t *)salt, sizeof salt - 1};
    for (size_t i = 0; i < t->n; i++)
        TRY(wtl_kdf_extract(WTL_HASH_SHA256, salted,
                            (wtl_bytes){secrets.p + i * WTL_TICKET_SECRET, WTL_TICKET_SECRET}, &t->prk[i],
                            err));
    TRY(wtl_secret_large(&t->rows, t->n * span(t) * sizeof(row), err));
    t->cipher = EVP_CIPHER_fetch(wtl_lib_ctx(), "AES-256-CBC", NULL);
    if (t->cipher == NULL)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL has no AES-256-CBC for session tickets");
    return WTL_OK;
}

int wtl_ticket_new(wtl_ticket **out, wtl_bytes secrets, unsigned rotate, unsigned keep, wtl_err *err)
{
    *out = NULL;
    ENSURE(secrets.n > 0 && secrets.n % WTL_TICKET_SECRET == 0 &&
               secrets.n / WTL_TICKET_SECRET <= WTL_TICKET_SECRETS,
           err, WTL_USAGE, "session tickets need 1 to %d secrets of %d bytes, not %zu bytes",
           WTL_TICKET_SECRETS, WTL_TICKET_SECRET, secrets.n);
    ENSURE(rotate > 0 && keep <= KEEP_MOST, err, WTL_USAGE,
           "ticket keys rotate after a second or more, and stay for at most %d rotations", KEEP_MOST);
    TRY(wtl_lib_init(err));
    AUTO(wtl_ticket) *t = calloc(1, sizeof *t);
    ENSURE(t != NULL, err, WTL_NOMEM, "out of memory");
    pthread_mutex_init(&t->lock, NULL);
    t->n = secrets.n / WTL_TICKET_SECRET;
    t->rotate = rotate;
    t->keep = keep;
    t->clock = wall_clock;
    TRY(set_up(t, secrets, err));
    *out = t;
    t = NULL;
    return WTL_OK;
}

void wtl_ticket_clock(wtl_ticket *t, int64_t (*now)(void *arg), void *arg)
{
    t->clock = now;
    t->arg = arg;
}

/* A file as text to secrets. */

static int digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool unhex(uint8_t *to, const uint8_t *from)
{
    for (size_t i = 0; i < WTL_TICKET_SECRET; i++) {
        int high = digit(from[2 * i]);
        int low = digit(from[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* The last line may lack its end. */
static int parse(wtl_secret *out, wtl_bytes text, const char *name, wtl_err *err)
{
    size_t n = (text.n + 1) / (LINE + 1);
    bool good = n > 0 && n <= WTL_TICKET_SECRETS &&
                (text.n == n * (LINE + 1) || text.n == n * (LINE + 1) - 1);
    AUTO(wtl_secret) s = {0};
    if (good)
        TRY(wtl_secret_new(&s, n * WTL_TICKET_SECRET, err));
    for (size_t i = 0; good && i < n; i++) {
        size_t end = i * (LINE + 1) + LINE;
        good = unhex(s.p + i * WTL_TICKET_SECRET, text.p + i * (LINE + 1)) &&
               (end == text.n || text.p[end] == '\n');
    }
    ENSURE(good, err, WTL_FORMAT,
           "%s does not hold ticket secrets, which are 1 to %d lines of %d hexadecimal digits each: make one "
           "by `openssl rand -hex %d`",
           name, WTL_TICKET_SECRETS, LINE, WTL_TICKET_SECRET);
    *out = s;
    s = (wtl_secret){0};
    return WTL_OK;
}

int wtl_ticket_read(wtl_secret *secrets, const char *path, wtl_err *err)
{
    *secrets = (wtl_secret){0};
    AUTO(wtl_in) in = {.fd = -1};
    TRY(wtl_in_open(&in, path, err));
    ENSURE((in.mode & 077) == 0, err, WTL_POLICY,
           "others than its owner may use %s, which holds ticket secrets (mode %04o): chmod 600", in.name,
           in.mode);
    AUTO(wtl_secret) text = {0};
    size_t most = WTL_TICKET_SECRETS * (LINE + 1) + 1; /* one more tells a longer file */
    size_t got = 0;
    TRY(wtl_secret_new(&text, most, err));
    TRY(wtl_in_pread(&in, text.p, most, 0, &got, err));
    return parse(secrets, (wtl_bytes){text.p, got}, in.name, err);
}

/* Keys. */

static int derive(wtl_ticket *t, size_t secret, uint64_t epoch)
{
    uint8_t info[] = {'k', 'e', 'y', 0, 0, 0, 0, 0, 0, 0, 0};
    for (size_t i = 0; i < 8; i++)
        info[sizeof info - 1 - i] = (uint8_t)(epoch >> (8 * i));
    AUTO(wtl_secret) okm = {0};
    TRY(wtl_kdf_expand(WTL_HASH_SHA256, wtl_secret_view(&t->prk[secret]), (wtl_bytes){info, sizeof info},
                       sizeof(row), &okm, NULL));
    memcpy(row_of(t, secret, epoch), okm.p, sizeof(row));
    return WTL_OK;
}

/* The first and the last epoch of the rows when `epoch` is the present one. */
static uint64_t oldest(const wtl_ticket *t, uint64_t epoch)
{
    return epoch > t->keep ? epoch - t->keep : 0;
}

/* Makes the rows those of `epoch` and its neighbours. Each new one overwrites, and so wipes, one that is out of time. */
static int turn(wtl_ticket *t, uint64_t epoch)
{
    bool slides = t->filled && epoch >= t->epoch;
    uint64_t have = slides ? t->epoch + 1 : 0;
    uint64_t from = oldest(t, epoch);
    if (slides && have + 1 > from)
        from = have + 1;
    if (!slides || from > have + 1)
        wtl_secret_wipe(t->rows.p, t->rows.n);
    t->filled = false; /* a failure below begins anew next time */
    for (uint64_t e = from; e <= epoch + 1; e++)
        for (size_t i = 0; i < t->n; i++)
            TRY(derive(t, i, e));
    t->epoch = epoch;
    t->filled = true;
    return WTL_OK;
}

static int now(wtl_ticket *t, uint64_t *epoch)
{
    int64_t s = t->clock(t->arg);
    *epoch = s < 0 ? 0 : (uint64_t)s / t->rotate;
    return t->filled && *epoch == t->epoch ? WTL_OK : turn(t, *epoch);
}

/* Names are no secrets: they stand in every ticket. */
static const row *find(const wtl_ticket *t, const uint8_t name[NAME], bool *newest)
{
    for (size_t i = 0; i < t->n; i++) {
        for (uint64_t e = t->epoch + 2; e-- > oldest(t, t->epoch);) {
            const row *r = row_of(t, i, e);
            *newest = i == 0 && e == t->epoch;
            if (memcmp(r->name, name, NAME) == 0)
                return r;
        }
    }
    return NULL;
}

static bool key_in(const wtl_ticket *t, const row *r, const uint8_t *iv, EVP_CIPHER_CTX *cipher,
                   EVP_MAC_CTX *mac, int enc)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex2(cipher, t->cipher, r->aes, iv, enc, NULL) == 1 &&
           EVP_MAC_init(mac, r->mac, MAC, params) == 1;
}

/* OpenSSL's callback (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)): encrypt-then-MAC over name, IV and ciphertext is its own doing.
 * -1: failed; 0: no such key, a full handshake; 1: done; 2: done, and a new ticket is due. */
static int encrypt(wtl_ticket *t, uint8_t *name, uint8_t *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    uint64_t epoch = 0;
    if (now(t, &epoch) < 0 || wtl_lib_random(iv, 16, NULL) < 0)
        return -1;
    const row *r = row_of(t, 0, epoch);
    memcpy(name, r->name, NAME);
    return key_in(t, r, iv, cipher, mac, 1) ? 1 : -1;
}

/* A TLS 1.3 client is to use each ticket once (RFC 8446 appendix C.4), so each gets a next one. */
static int decrypt(wtl_ticket *t, const SSL *ssl, const uint8_t *name, const uint8_t *iv,
                   EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
    uint64_t epoch = 0;
    bool newest = false;
    if (now(t, &epoch) < 0)
        return -1;
    const row *r = find(t, name, &newest);
    if (r == NULL)
        return 0;
    if (!key_in(t, r, iv, cipher, mac, 0))
        return -1;
    return newest && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2;
}

static int slot = -1; /* of SSL_CTX ex_data */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_slot(void)
{
    slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int enc)
{
    wtl_ticket *t = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), slot);
    if (t == NULL)
        return 0;
    pthread_mutex_lock(&t->lock);
    int rc = enc ? encrypt(t, name, iv, cipher, mac) : decrypt(t, ssl, name, iv, cipher, mac);
    pthread_mutex_unlock(&t->lock);
    return rc;
}

int wtl_ticket_install(wtl_ticket *t, SSL_CTX *ctx, wtl_err *err)
{
    pthread_once(&once, make_slot);
    if (slot < 0 || SSL_CTX_set_ex_data(ctx, slot, t) != 1 ||
        SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL does not take the keys of session tickets");
    /* No memory of sessions on this side: the ticket has it all. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_clear_options(ctx, SSL_OP_NO_TICKET);
    return WTL_OK;
}
