/* ML-KEM as a provider algorithm, held against OpenSSL's default provider in both directions; random cases are those of
 * differential_test.c. */
#include "agree.h"

#include <pthread.h>

static const char *const names[] = {"ML-KEM-512", "ML-KEM-768", "ML-KEM-1024"};
static const size_t pub_n[] = {800, 1184, 1568};
static const size_t priv_n[] = {1632, 2400, 3168};
static const size_t ct_n[] = {768, 1088, 1568};
enum { SETS = 3, SEED = 64 };

static void every_name_is_served(void **state)
{
    const worlds *both = *state;
    static const char *const all[] = {
        "ML-KEM-512",  "MLKEM512",  "id-alg-ml-kem-512",  "2.16.840.1.101.3.4.4.1",
        "ML-KEM-768",  "MLKEM768",  "id-alg-ml-kem-768",  "2.16.840.1.101.3.4.4.2",
        "ML-KEM-1024", "MLKEM1024", "id-alg-ml-kem-1024", "2.16.840.1.101.3.4.4.3",
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        EVP_KEYMGMT *m = EVP_KEYMGMT_fetch(both->ours.lib, all[i], NULL);
        EVP_KEM *k = EVP_KEM_fetch(both->ours.lib, all[i], NULL);
        EVP_KEM *theirs = EVP_KEM_fetch(both->plain.lib, all[i], NULL);
        assert_non_null(theirs);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEYMGMT_get0_provider(m)), "wattle");
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KEM_get0_provider(k)), "wattle");
        EVP_KEYMGMT_free(m);
        EVP_KEM_free(k);
        EVP_KEM_free(theirs);
    }
}

static void same_sizes(void **state)
{
    const worlds *both = *state;
    for (int s = 0; s < SETS; s++) {
        EVP_PKEY *a = agree_key(&both->ours, names[s]);
        EVP_PKEY *b = agree_key(&both->plain, names[s]);
        assert_string_equal(world_owner(a), "wattle");
        assert_int_equal(EVP_PKEY_get_bits(a), EVP_PKEY_get_bits(b));
        assert_int_equal(EVP_PKEY_get_security_bits(a), EVP_PKEY_get_security_bits(b));
        assert_int_equal(EVP_PKEY_get_size(a), EVP_PKEY_get_size(b));
        assert_int_equal(EVP_PKEY_eq(a, b), 0);
        EVP_PKEY_free(a);
        EVP_PKEY_free(b);
    }
}

/* Without IKME both draw their own randomness, and it is used once. */
static void fresh_randomness(void **state)
{
    const worlds *both = *state;
    EVP_PKEY *k = agree_key(&both->ours, names[1]);
    OSSL_PARAM params[2];
    static const uint8_t m[32] = {7};
    agree_pair p[3];
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(both->ours.lib, k, NULL);
    assert_int_equal(
        EVP_PKEY_encapsulate_init(ctx, agree_params(params, OSSL_KEM_PARAM_IKME, (wtl_bytes){m, 32})), 1);
    for (int i = 0; i < 3; i++) {
        p[i].ct_n = sizeof p[i].ct;
        p[i].ss_n = sizeof p[i].ss;
        assert_int_equal(EVP_PKEY_encapsulate(ctx, p[i].ct, &p[i].ct_n, p[i].ss, &p[i].ss_n), 1);
        agree_opens(&both->ours, k, &p[i]);
    }
    assert_memory_not_equal(p[0].ct, p[1].ct, 32);
    assert_memory_not_equal(p[1].ct, p[2].ct, 32);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(k);
}

static void parts_carry_over(void **state)
{
    const worlds *both = *state;
    static const int selections[] = {EVP_PKEY_KEYPAIR, EVP_PKEY_PUBLIC_KEY};
    for (int turn = 0; turn < SETS * 4; turn++) {
        const char *alg = names[turn / 4];
        const world *from = turn & 1 ? &both->ours : &both->plain;
        const world *to = turn & 1 ? &both->plain : &both->ours;
        int selection = selections[turn >> 1 & 1];
        EVP_PKEY *k = agree_key(from, alg);
        EVP_PKEY *copy = agree_carry(to, alg, k, selection);
        agree_pair p;
        world_same_part(k, copy, OSSL_PKEY_PARAM_PUB_KEY);
        if (selection == EVP_PKEY_KEYPAIR) {
            world_same_part(k, copy, OSSL_PKEY_PARAM_PRIV_KEY);
            world_same_part(k, copy, OSSL_PKEY_PARAM_ML_KEM_SEED);
        } else {
            assert_int_equal(world_part(copy, OSSL_PKEY_PARAM_PRIV_KEY).n, 0);
        }
        assert_int_equal(agree_encaps(to, copy, (wtl_bytes){0}, &p), 1);
        agree_opens(from, k, &p);
        EVP_PKEY_free(k);
        EVP_PKEY_free(copy);
    }
}

static void wrong_lengths_are_refused(void **state)
{
    const worlds *both = *state;
    static const uint8_t zero[AGREE_KEY];
    for (int s = 0; s < SETS; s++) {
        const struct {
            const char *name;
            size_t n;
        } parts[] = {{OSSL_PKEY_PARAM_PUB_KEY, pub_n[s]},
                     {OSSL_PKEY_PARAM_PRIV_KEY, priv_n[s]},
                     {OSSL_PKEY_PARAM_ML_KEM_SEED, SEED}};
        for (int p = 0; p < 3; p++) {
            assert_null(
                agree_import(&both->ours, names[s], parts[p].name, (wtl_bytes){zero, parts[p].n - 1}));
            assert_null(
                agree_import(&both->ours, names[s], parts[p].name, (wtl_bytes){zero, parts[p].n + 1}));
            assert_null(agree_import(&both->ours, names[s], parts[p].name, (wtl_bytes){zero, 1}));
        }
        assert_null(agree_import(&both->ours, names[s], "", (wtl_bytes){0}));
        assert_null(agree_peer(&both->ours, names[s], (wtl_bytes){zero, pub_n[s] - 1}));
        assert_null(agree_peer(&both->ours, names[s], (wtl_bytes){zero, pub_n[s] + 1}));
        assert_null(
            agree_generate(&both->ours, names[s], OSSL_PKEY_PARAM_ML_KEM_SEED, (wtl_bytes){zero, SEED - 1}));
        assert_null(
            agree_generate(&both->ours, names[s], OSSL_PKEY_PARAM_ML_KEM_SEED, (wtl_bytes){zero, SEED + 1}));
    }
}

static void outputs_are_measured(void **state)
{
    const worlds *both = *state;
    for (int s = 0; s < SETS; s++) {
        EVP_PKEY *k = agree_key(&both->ours, names[s]);
        agree_pair p;
        uint8_t ss[32];
        size_t c = 0;
        size_t n = 0;
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(both->ours.lib, k, NULL);
        assert_int_equal(agree_encaps(&both->ours, k, (wtl_bytes){ss, 31}, &p), 0);
        assert_int_equal(EVP_PKEY_encapsulate_init(ctx, NULL), 1);
        assert_int_equal(EVP_PKEY_encapsulate(ctx, NULL, &c, NULL, &n), 1);
        assert_int_equal(c, ct_n[s]);
        assert_int_equal(n, 32);
        c--;
        assert_int_not_equal(EVP_PKEY_encapsulate(ctx, p.ct, &c, p.ss, &n), 1);
        c++;
        n--;
        assert_int_not_equal(EVP_PKEY_encapsulate(ctx, p.ct, &c, p.ss, &n), 1);
        assert_int_equal(EVP_PKEY_decapsulate_init(ctx, NULL), 1);
        assert_int_equal(EVP_PKEY_decapsulate(ctx, NULL, &n, p.ct, c), 1);
        assert_int_equal(n, 32);
        for (size_t given = 0; given <= c + 1; given += given + 2 < c ? 97 : 1) {
            n = 32;
            assert_int_equal(EVP_PKEY_decapsulate(ctx, ss, &n, p.ct, given) == 1, given == c);
        }
        n = 31;
        assert_int_not_equal(EVP_PKEY_decapsulate(ctx, ss, &n, p.ct, c), 1);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(k);
    }
}

/* FIPS 203 section 7.2: every coefficient must be below q. By all three ways in. */
static void unreduced_keys_are_refused(void **state)
{
    const worlds *both = *state;
    for (int s = 0; s < SETS; s++) {
        EVP_PKEY *k = agree_key(&both->plain, names[s]);
        wtl_bytes pub = world_part(k, OSSL_PKEY_PARAM_PUB_KEY);
        wtl_bytes der = agree_encode(k, "DER", "SubjectPublicKeyInfo");
        size_t coefficients = (pub.n - 32) * 2 / 3;
        for (size_t i = 0; i < coefficients; i += 37) {
            uint8_t *bad = malloc(der.n);
            memcpy(bad, der.p, der.n);
            uint8_t *ek = bad + der.n - pub.n;
            unsigned v = 3329 + (unsigned)i % 767;
            uint8_t *at = ek + i / 2 * 3;
            if (i % 2 == 0) {
                at[0] = (uint8_t)v;
                at[1] = (uint8_t)((at[1] & 0xf0) | v >> 8);
            } else {
                at[1] = (uint8_t)((at[1] & 0x0f) | v << 4);
                at[2] = (uint8_t)(v >> 4);
            }
            assert_null(agree_import(&both->ours, names[s], OSSL_PKEY_PARAM_PUB_KEY, (wtl_bytes){ek, pub.n}));
            assert_null(agree_peer(&both->ours, names[s], (wtl_bytes){ek, pub.n}));
            assert_null(agree_decode(&both->ours, names[s], (wtl_bytes){bad, der.n}));
            free(bad);
        }
        free((void *)pub.p);
        agree_drop(der);
        EVP_PKEY_free(k);
    }
}

/* FIPS 203 section 7.3, and parts that do not belong together. */
static void wrong_private_keys_are_refused(void **state)
{
    const worlds *both = *state;
    for (int s = 0; s < SETS; s++) {
        EVP_PKEY *k = agree_key(&both->ours, names[s]);
        wtl_bytes good = world_part(k, OSSL_PKEY_PARAM_PRIV_KEY);
        uint8_t *dk = malloc(good.n);
        EVP_PKEY *same = agree_import(&both->ours, names[s], OSSL_PKEY_PARAM_PRIV_KEY, good);
        assert_int_equal(EVP_PKEY_eq(same, k), 1);
        assert_int_equal(world_part(same, OSSL_PKEY_PARAM_ML_KEM_SEED).n, 0);
        EVP_PKEY_free(same);
        /* The vector s, the public key inside, its hash; a changed z is a key of its own. */
        const size_t at[] = {100, priv_n[s] - 64 - pub_n[s] + 5, priv_n[s] - 64, priv_n[s] - 33};
        for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
            memcpy(dk, good.p, good.n);
            dk[at[i]] ^= 1;
            assert_null(
                agree_import(&both->ours, names[s], OSSL_PKEY_PARAM_PRIV_KEY, (wtl_bytes){dk, good.n}));
            assert_null(
                agree_import(&both->plain, names[s], OSSL_PKEY_PARAM_PRIV_KEY, (wtl_bytes){dk, good.n}));
        }
        ERR_clear_error();
        free(dk);
        free((void *)good.p);
        EVP_PKEY_free(k);
    }
}

static void copies_and_checks(void **state)
{
    const worlds *both = *state;
    for (int s = 0; s < SETS; s++) {
        EVP_PKEY *k = agree_key(&both->ours, names[s]);
        EVP_PKEY *copy = EVP_PKEY_dup(k);
        EVP_PKEY *pub = agree_carry(&both->ours, names[s], k, EVP_PKEY_PUBLIC_KEY);
        EVP_PKEY *other = agree_key(&both->ours, names[s]);
        EVP_PKEY *pub_copy = EVP_PKEY_dup(pub);
        agree_pair p;
        assert_int_equal(EVP_PKEY_eq(k, copy), 1);
        assert_int_equal(EVP_PKEY_eq(k, pub), 1);
        assert_int_equal(EVP_PKEY_eq(pub_copy, pub), 1);
        assert_int_equal(EVP_PKEY_eq(k, other), 0);
        assert_int_equal(EVP_PKEY_eq(k, NULL), 0);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(both->ours.lib, copy, NULL);
        assert_int_equal(EVP_PKEY_pairwise_check(ctx), 1);
        assert_int_equal(EVP_PKEY_private_check(ctx), 1);
        EVP_PKEY_CTX_free(ctx);
        ctx = EVP_PKEY_CTX_new_from_pkey(both->ours.lib, pub, NULL);
        assert_int_equal(EVP_PKEY_public_check(ctx), 1);
        assert_int_not_equal(EVP_PKEY_private_check(ctx), 1);
        assert_int_not_equal(EVP_PKEY_decapsulate_init(ctx, NULL), 1);
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(k);
        assert_int_equal(agree_encaps(&both->ours, pub_copy, (wtl_bytes){0}, &p), 1);
        agree_opens(&both->ours, copy, &p);
        EVP_PKEY_free(copy);
        EVP_PKEY_free(pub);
        EVP_PKEY_free(pub_copy);
        EVP_PKEY_free(other);
    }
}

/* What libssl does with a group, and that a key cannot be given a second share. */
static void peers_of_tls(void **state)
{
    const worlds *both = *state;
    for (int s = 0; s < SETS; s++) {
        EVP_PKEY *k = agree_key(&both->plain, names[s]);
        wtl_bytes share = agree_share(k);
        EVP_PKEY *peer = agree_peer(&both->ours, names[s], share);
        agree_pair p;
        assert_string_equal(world_owner(peer), "wattle");
        assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, share.p, share.n), 0);
        assert_int_equal(agree_encaps(&both->ours, peer, (wtl_bytes){0}, &p), 1);
        agree_opens(&both->plain, k, &p);
        agree_drop(share);
        EVP_PKEY_free(peer);
        EVP_PKEY_free(k);
    }
}

static void texts_round_trip(void **state)
{
    for (int s = 0; s < SETS; s++)
        agree_round_trips(*state, names[s]);
}

/* PKCS#8 around `choice` (RFC 9935 section 6): head, version, algorithm, octets. Lengths of two bytes throughout. */
static size_t pkcs8(uint8_t *out, int set, wtl_bytes choice)
{
    const uint8_t head[] = {0x30, 0x82, 0,    0,    2,    1,    0,    0x30, 0x0b, 0x06,
                            0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, (uint8_t)(set + 1),
                            0x04, 0x82, 0,    0};
    size_t n = sizeof head + choice.n;
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, choice.p, choice.n);
    out[2] = (uint8_t)((n - 4) >> 8);
    out[3] = (uint8_t)(n - 4);
    out[22] = (uint8_t)(choice.n >> 8);
    out[23] = (uint8_t)choice.n;
    return n;
}

static size_t element(uint8_t *out, uint8_t tag, wtl_bytes v)
{
    size_t head = v.n < 128 ? 2 : 4;
    out[0] = tag;
    out[1] = v.n < 128 ? (uint8_t)v.n : 0x82;
    if (head == 4) {
        out[2] = (uint8_t)(v.n >> 8);
        out[3] = (uint8_t)v.n;
    }
    memmove(out + head, v.p, v.n);
    return head + v.n;
}

/* The three forms of a private key; the first is made of 64 bytes, so short lengths are written out by hand. */
static size_t form(uint8_t *out, int set, int which, wtl_bytes seed, wtl_bytes dk)
{
    uint8_t text[AGREE_KEY];
    uint8_t body[AGREE_KEY];
    if (which == 0) {
        size_t n = element(text, 0x80, seed);
        /* 0x30 len, version, algorithm, octets: short lengths. */
        uint8_t inner[128] = {2,    1,    0,    0x30, 0x0b, 0x06, 0x09, 0x60,
                              0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, (uint8_t)(set + 1)};
        size_t m = 16 + element(inner + 16, 0x04, (wtl_bytes){text, n});
        return element(out, 0x30, (wtl_bytes){inner, m});
    }
    if (which == 1)
        return pkcs8(out, set, (wtl_bytes){text, element(text, 0x04, dk)});
    size_t n = element(body, 0x04, seed);
    n += element(body + n, 0x04, dk);
    return pkcs8(out, set, (wtl_bytes){text, element(text, 0x30, (wtl_bytes){body, n})});
}

static void forms_of_private_keys(void **state)
{
    const worlds *both = *state;
    uint8_t der[AGREE_KEY];
    for (int s = 0; s < SETS; s++) {
        EVP_PKEY *k = agree_key(&both->plain, names[s]);
        wtl_bytes seed = world_part(k, OSSL_PKEY_PARAM_ML_KEM_SEED);
        wtl_bytes dk = world_part(k, OSSL_PKEY_PARAM_PRIV_KEY);
        for (int f = 0; f < 3; f++) {
            size_t n = form(der, s, f, seed, dk);
            assert_true(agree_verdict(both, names[s], (wtl_bytes){der, n}));
            EVP_PKEY *read = agree_decode(&both->ours, names[s], (wtl_bytes){der, n});
            assert_string_equal(world_owner(read), "wattle");
            world_same_part(k, read, OSSL_PKEY_PARAM_PRIV_KEY);
            EVP_PKEY_free(read);
            der[n - 40] ^= 1; /* in z, or in the seed: another key, or parts that disagree */
            assert_int_equal(agree_verdict(both, names[s], (wtl_bytes){der, n}), f == 0);
        }
        free((void *)seed.p);
        free((void *)dk.p);
        EVP_PKEY_free(k);
    }
}

static void damaged_texts(void **state)
{
    const worlds *both = *state;
    EVP_PKEY *k = agree_key(&both->plain, names[0]);
    wtl_bytes priv = agree_encode(k, "DER", "PrivateKeyInfo");
    wtl_bytes pub = agree_encode(k, "DER", "SubjectPublicKeyInfo");
    uint8_t der[256];
    wtl_bytes seed = world_part(k, OSSL_PKEY_PARAM_ML_KEM_SEED);
    agree_damage(both, names[0], priv, 13);
    agree_damage(both, names[0], pub, 13);
    agree_damage(both, names[0], (wtl_bytes){der, form(der, 0, 0, seed, (wtl_bytes){0})}, 1);
    free((void *)seed.p);
    agree_drop(priv);
    agree_drop(pub);
    EVP_PKEY_free(k);
}

static void counters_count(void **state)
{
    const worlds *both = *state;
    const world *w = &both->ours;
    uint64_t before[] = {world_count(w, "mlkem-keygen"), world_count(w, "mlkem-encaps"),
                         world_count(w, "mlkem-decaps")};
    EVP_PKEY *k = agree_key(w, names[2]);
    agree_pair p;
    assert_int_equal(agree_encaps(w, k, (wtl_bytes){0}, &p), 1);
    agree_opens(w, k, &p);
    agree_opens(w, k, &p);
    assert_int_equal(world_count(w, "mlkem-keygen"), before[0] + 1);
    assert_int_equal(world_count(w, "mlkem-encaps"), before[1] + 1);
    assert_int_equal(world_count(w, "mlkem-decaps"), before[2] + 2);
    EVP_PKEY_free(k);
}

static size_t check_kem_vector(const worlds *both, const vector *v)
{
    const char *alg = vector_value(v, "Kem", "");
    wtl_bytes pub = vector_hex(v, "EncodedPublicKey", "");
    wtl_bytes priv = vector_hex(v, "EncodedPrivateKey", "");
    wtl_bytes m = vector_hex(v, "Entropy", "");
    wtl_bytes ct = vector_hex(v, pub.n > 0 ? "Ciphertext" : "Input", "");
    wtl_bytes ss = vector_hex(v, "Output", "");
    EVP_PKEY *k = agree_import(&both->ours, alg,
                               pub.n > 0 ? OSSL_PKEY_PARAM_PUB_KEY : OSSL_PKEY_PARAM_PRIV_KEY,
                               pub.n > 0 ? pub : priv);
    agree_pair p = {.ss_n = sizeof p.ss};
    int rc = k == NULL   ? 0
             : pub.n > 0 ? agree_encaps(&both->ours, k, m, &p)
                         : agree_decaps(&both->ours, k, ct, p.ss, &p.ss_n);
    bool same = rc == 1 && p.ss_n == ss.n && memcmp(p.ss, ss.p, ss.n) == 0 &&
                (pub.n == 0 || (p.ct_n == ct.n && memcmp(p.ct, ct.p, ct.n) == 0));
    const char *result = vector_value(v, "Result", "");
    bool compared = ss.n > 0 && (result == NULL || strcmp(result, "OK") == 0);
    if (compared ? !same : rc == 1 && result != NULL)
        fail_msg("%s: %s, %s", alg, same ? "taken" : "refused or different", result != NULL ? result : "");
    EVP_PKEY_free(k);
    agree_drop(pub), agree_drop(priv), agree_drop(m), agree_drop(ct), agree_drop(ss);
    return 1;
}

static size_t check_keygen_vector(const worlds *both, const vector *v)
{
    wtl_bytes seed = vector_hex(v, "Ctrl", "hexseed:");
    wtl_bytes pub = vector_hex(v, "CtrlOut", "hexpub:");
    wtl_bytes priv = vector_hex(v, "CtrlOut", "hexpriv:");
    EVP_PKEY *k = agree_generate(&both->ours, vector_value(v, "KeyGen", ""), OSSL_PKEY_PARAM_ML_KEM_SEED,
                                 seed);
    assert_non_null(k);
    wtl_bytes got_pub = world_part(k, OSSL_PKEY_PARAM_PUB_KEY);
    wtl_bytes got_priv = world_part(k, OSSL_PKEY_PARAM_PRIV_KEY);
    assert_true(got_pub.n == pub.n && memcmp(got_pub.p, pub.p, pub.n) == 0);
    assert_true(got_priv.n == priv.n && memcmp(got_priv.p, priv.p, priv.n) == 0);
    free((void *)got_pub.p);
    free((void *)got_priv.p);
    agree_drop(seed), agree_drop(pub), agree_drop(priv);
    EVP_PKEY_free(k);
    return 1;
}

static void openssl_vectors(void **state)
{
    const worlds *both = *state;
    static const char *const files[] = {"512_keygen", "512_encap",   "512_decap",   "768_keygen",
                                        "768_encap",  "768_decap",   "1024_keygen", "1024_encap",
                                        "1024_decap", "encap_decap", "keygen"};
    size_t n = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char name[64];
        vector v = {.n = 0};
        snprintf(name, sizeof name, "evppkey_ml_kem_%s.txt", files[i]);
        const char *path = unit_path("WATTLE_OPENSSL_VECTORS", name);
        if (path == NULL) {
            print_message("WATTLE_OPENSSL_VECTORS has no %s\n", name);
            skip();
        }
        FILE *f = fopen(path, "r");
        while (vector_next(f, &v)) {
            if (vector_value(&v, "Kem", "") != NULL)
                n += check_kem_vector(both, &v);
            else if (vector_value(&v, "KeyGen", "") != NULL)
                n += check_keygen_vector(both, &v);
        }
        fclose(f);
        vector_drop(&v);
    }
    ERR_clear_error();
    assert_int_equal(n, 1816);
}

typedef struct shared {
    const world *w;
    EVP_PKEY *key;
    bool good;
} shared;

static void *in_thread(void *arg)
{
    shared *s = arg;
    s->good = true;
    for (int i = 0; i < 40 && s->good; i++) {
        agree_pair p;
        uint8_t ss[32];
        size_t n = 32;
        EVP_PKEY *own = agree_generate(s->w, names[i % SETS], "", (wtl_bytes){0});
        s->good = own != NULL && agree_encaps(s->w, s->key, (wtl_bytes){0}, &p) == 1 &&
                  agree_decaps(s->w, s->key, (wtl_bytes){p.ct, p.ct_n}, ss, &n) == 1 &&
                  memcmp(ss, p.ss, 32) == 0;
        EVP_PKEY *copy = EVP_PKEY_dup(s->key);
        EVP_PKEY_free(copy);
        EVP_PKEY_free(own);
    }
    return NULL;
}

static void threads_share_a_key(void **state)
{
    const worlds *both = *state;
    EVP_PKEY *k = agree_key(&both->ours, names[1]);
    pthread_t thread[6];
    shared s[6];
    for (int i = 0; i < 6; i++) {
        s[i] = (shared){&both->ours, k, false};
        assert_int_equal(pthread_create(&thread[i], NULL, in_thread, &s[i]), 0);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(thread[i], NULL);
        assert_true(s[i].good);
    }
    EVP_PKEY_free(k);
}

/* The setting lets an inconsistent expanded key in only as far as FIPS 203 section 7.3 allows; validation still finds it. */
static void pairwise_test_off(void **state)
{
    const worlds *both = *state;
    world w;
    world_open_with(&w, WORLD_BUILTIN, "pairwise-test", "no");
    EVP_PKEY *k = agree_key(&both->plain, names[1]);
    wtl_bytes dk = world_part(k, OSSL_PKEY_PARAM_PRIV_KEY);
    uint8_t *coefficient = (uint8_t *)dk.p +
                           99; /* its low 8 bits, and 4 of the next byte: another one, and reduced */
    coefficient[0] = coefficient[0] == 0;
    coefficient[1] &= 0xf0;
    EVP_PKEY *bad = agree_import(&w, names[1], OSSL_PKEY_PARAM_PRIV_KEY, dk);
    assert_non_null(bad);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w.lib, bad, NULL);
    assert_int_not_equal(EVP_PKEY_pairwise_check(ctx), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(bad);
    EVP_PKEY_free(k);
    free((void *)dk.p);
    ERR_clear_error();
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_served),
        cmocka_unit_test(same_sizes),
        cmocka_unit_test(fresh_randomness),
        cmocka_unit_test(parts_carry_over),
        cmocka_unit_test(wrong_lengths_are_refused),
        cmocka_unit_test(outputs_are_measured),
        cmocka_unit_test(unreduced_keys_are_refused),
        cmocka_unit_test(wrong_private_keys_are_refused),
        cmocka_unit_test(copies_and_checks),
        cmocka_unit_test(peers_of_tls),
        cmocka_unit_test(texts_round_trip),
        cmocka_unit_test(forms_of_private_keys),
        cmocka_unit_test(damaged_texts),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(openssl_vectors),
        cmocka_unit_test(threads_share_a_key),
        cmocka_unit_test(pairwise_test_off),
    };
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
