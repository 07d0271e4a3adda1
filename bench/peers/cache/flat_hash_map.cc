/* abseil's flat_hash_map from strings to blocks of bytes, with its own hash and with one of the processor's AES instructions. */
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include <absl/base/config.h>
#include <absl/container/flat_hash_map.h>
#include <absl/strings/string_view.h>
#ifdef __AES__
#include <immintrin.h>
#endif

#include "bench/cachepeer.h"

namespace {

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

struct Block {
    std::unique_ptr<uint8_t[]> p;
    size_t n;
};

#ifdef __AES__
/* 16 bytes a step, the last ones overlapping; without a secret. */
struct FastHash {
    using is_transparent = void;
    size_t operator()(absl::string_view s) const
    {
        const char *p = s.data();
        size_t n = s.size();
        __m128i a = _mm_set_epi64x(0x5bf03635dcf33ee3, static_cast<long long>(n));
        if (n < 16) {
            char padded[16] = {0};
            memcpy(padded, p, n);
            return finish(_mm_aesenc_si128(a, _mm_loadu_si128(reinterpret_cast<const __m128i *>(padded))));
        }
        for (size_t i = 0; i + 16 < n; i += 16)
            a = _mm_aesenc_si128(a, _mm_loadu_si128(reinterpret_cast<const __m128i *>(p + i)));
        return finish(_mm_aesenc_si128(a, _mm_loadu_si128(reinterpret_cast<const __m128i *>(p + n - 16))));
    }

private:
    static size_t finish(__m128i a)
    {
        const __m128i k = _mm_set_epi64x(0x13198a2e03707344, 0x243f6a8885a308d3);
        a = _mm_aesenc_si128(_mm_aesenc_si128(a, k), k);
        return static_cast<size_t>(_mm_cvtsi128_si64(a));
    }
};
using FastMap = absl::flat_hash_map<std::string, Block, FastHash, std::equal_to<>>;
#endif
using PlainMap = absl::flat_hash_map<std::string, Block>;

inline absl::string_view view(const wtl_cachepeer_key &k)
{
    return {reinterpret_cast<const char *>(k.at), k.n};
}

template <class Map> struct Table {
    static void *open(size_t entries, size_t, int)
    {
        try {
            auto m = std::make_unique<Map>();
            m->reserve(entries);
            return m.release();
        } catch (const std::bad_alloc &) {
            return nullptr;
        }
    }

    static void close(void *table) { delete static_cast<Map *>(table); }

    static const uint8_t *find(const Map &m, const wtl_cachepeer_key &k)
    {
        auto at = m.find(view(k));
        return at != m.end() ? at->second.p.get() : nullptr;
    }

    static size_t put(Map &m, const wtl_cachepeer_key &k, const wtl_cachepeer_value &v)
    {
        try {
            Block b{std::unique_ptr<uint8_t[]>(new uint8_t[v.n]), v.n};
            memcpy(b.p.get(), v.p, v.n);
            m.insert_or_assign(view(k), std::move(b));
            return 1;
        } catch (const std::bad_alloc &) {
            return 0;
        }
    }

    static size_t get(void *table, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *)
    {
        const Map &m = *static_cast<const Map *>(table);
        size_t found = 0;
        uintptr_t sum = 0;
        for (size_t i = 0; i < n; i++) {
            const uint8_t *p = find(m, k[i]);
            found += p != nullptr;
            sum += reinterpret_cast<uintptr_t>(p);
        }
        __asm__ volatile("" : : "r"(sum));
        return found;
    }

    /* The map can fetch a group of slots ahead; the strings in them it cannot. */
    static size_t many(void *table, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
    {
        const Map &m = *static_cast<const Map *>(table);
        size_t found = 0;
        for (size_t i = 0; i < n; i += WTL_CACHEPEER_BATCH) {
            size_t some = n - i < WTL_CACHEPEER_BATCH ? n - i : WTL_CACHEPEER_BATCH;
            for (size_t j = i; j < i + some; j++)
                m.prefetch(view(k[j]));
            found += get(table, k + i, some, v);
        }
        return found;
    }

    static size_t mixed(void *table, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
    {
        Map &m = *static_cast<Map *>(table);
        size_t found = 0;
        for (size_t i = 0; i < n; i++)
            found += i % 10 == 9 ? put(m, k[i], *v) : find(m, k[i]) != nullptr;
        return found;
    }

    static size_t set(void *table, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
    {
        size_t stored = 0;
        for (size_t i = 0; i < n; i++)
            stored += put(*static_cast<Map *>(table), k[i], *v);
        return stored;
    }

    static size_t del(void *table, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *)
    {
        size_t gone = 0;
        for (size_t i = 0; i < n; i++)
            gone += static_cast<Map *>(table)->erase(view(k[i]));
        return gone;
    }

    static size_t lone(void *table, const wtl_cachepeer_key *k, size_t n, uint64_t (*tick)(), uint32_t *ticks)
    {
        const Map &m = *static_cast<const Map *>(table);
        size_t found = 0;
        for (size_t i = 0; i < n; i++) {
            wtl_cachepeer_key key = k[i];
            __asm__ volatile("" : : "r"(&key) : "memory");
            uint64_t from = tick();
            const uint8_t *p = find(m, key);
            __asm__ volatile("" : : "r"(p) : "memory");
            ticks[i] = static_cast<uint32_t>(tick() - from);
            found += p != nullptr;
        }
        return found;
    }
};

template <class Map> wtl_cachepeer peer(const char *name, const char *note)
{
    wtl_cachepeer p = {};
    p.abi = WTL_CACHEPEER_ABI;
    p.name = name;
    p.version = "abseil " TEXT(ABSL_LTS_RELEASE_VERSION) "." TEXT(ABSL_LTS_RELEASE_PATCH_LEVEL);
    p.note = note;
    p.open = Table<Map>::open;
    p.close = Table<Map>::close;
    p.get = Table<Map>::get;
    p.many = Table<Map>::many;
    p.mixed = Table<Map>::mixed;
    p.set = Table<Map>::set;
    p.del = Table<Map>::del;
    p.lone = Table<Map>::lone;
    return p;
}

} // namespace

extern "C" __attribute__((visibility("default"))) const wtl_cachepeer *wtl_cachepeer_at(unsigned i)
{
    static const wtl_cachepeer peers[] = {
        peer<PlainMap>("abseil", "not thread-safe: no writer beside readers; its own hash"),
#ifdef __AES__
        peer<FastMap>("abseil, AES hash", "not thread-safe; a hash of AES rounds without a secret instead of its own"),
#endif
    };
    return i < sizeof peers / sizeof peers[0] ? &peers[i] : nullptr;
}
