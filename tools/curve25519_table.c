/* Writes src/kernel/curve25519_table.c: multiples of the base point for the fixed-base X25519.
 *   cc -o table tools/curve25519_table.c && ./table >src/kernel/curve25519_table.c
 * Slow and plain on purpose; tests/gate/curve25519.sh runs it again and compares. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

typedef unsigned __int128 wide;
typedef struct num {
    uint64_t v[4];
} num; /* 0 .. p - 1 */
typedef struct point {
    num x, y;
} point;

static const num one = {{1}}, p = {{0xffffffffffffffed, ~UINT64_C(0), ~UINT64_C(0), 0x7fffffffffffffff}};
/* RFC 8032 section 5.1. The point's y is 4/5, which is 9 as the u of Curve25519: u = (1 + y) / (1 - y). */
static const num base_x = {{0xc9562d608f25d51a, 0x692cc7609525a7b2, 0xc0a4e231fdd6dc5c, 0x216936d3cd6e53fe}};
static const num base_y = {{0x6666666666666658, 0x6666666666666666, 0x6666666666666666, 0x6666666666666666}};

static int less(num a, num b)
{
    for (int i = 3; i >= 0; i--) {
        if (a.v[i] != b.v[i])
            return a.v[i] < b.v[i];
    }
    return 0;
}

/* a - b in 256 bits. */
static num minus(num a, num b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++) {
        wide t = (wide)a.v[i] - b.v[i] - borrow;
        a.v[i] = (uint64_t)t;
        borrow = (uint64_t)(t >> 64) & 1;
    }
    return a;
}

static num add(num a, num b)
{
    wide t = 0;
    for (int i = 0; i < 4; i++) {
        t += (wide)a.v[i] + b.v[i];
        a.v[i] = (uint64_t)t;
        t >>= 64;
    }
    return less(a, p) ? a : minus(a, p);
}

static num sub(num a, num b)
{
    return add(a, minus(p, b));
}

/* Bit by bit: doubled and added. */
static num mul(num a, num b)
{
    num r = {{0}};
    for (int i = 255; i >= 0; i--) {
        r = add(r, r);
        if (b.v[i / 64] >> i % 64 & 1)
            r = add(r, a);
    }
    return r;
}

/* a^(p - 2) */
static num invert(num a)
{
    const num e = minus(p, (num){{2}});
    num r = one;
    for (int i = 254; i >= 0; i--) {
        r = mul(r, r);
        if (e.v[i / 64] >> i % 64 & 1)
            r = mul(r, a);
    }
    return r;
}

/* d of -x^2 + y^2 = 1 + d x^2 y^2: -121665 / 121666. */
static num curve_d(void)
{
    return mul(sub((num){{0}}, (num){{121665}}), invert((num){{121666}}));
}

static point plus(point a, point b, num d)
{
    num xx = mul(a.x, b.x), yy = mul(a.y, b.y), t = mul(d, mul(xx, yy));
    num over = invert(mul(add(one, t), sub(one, t)));
    num x = mul(add(mul(a.x, b.y), mul(b.x, a.y)), sub(one, t)), y = mul(add(yy, xx), add(one, t));
    return (point){mul(x, over), mul(y, over)};
}

static void print(num a, const char *end)
{
    for (int i = 0; i < 4; i++)
        printf("0x%016" PRIx64 "%s", a.v[i], i < 3 ? ", " : end);
}

int main(void)
{
    const num d = curve_d();
    point step = {base_x, base_y};
    num xx = mul(base_x, base_x), yy = mul(base_y, base_y);
    num left = sub(yy, xx), right = add(one, mul(d, mul(xx, yy)));
    if (less(left, right) || less(right, left))
        return 1;
    printf(
        "/* Made by tools/curve25519_table.c. [i][j] is the point (j + 1) * 16^i * B of the Edwards form, B "
        "being the\n"
        " * base point: y + x, y - x and 2 d x y mod 2^255 - 19, each of four words, the lowest first. */\n"
        "#include \"kernel/curve25519_table.h\"\n\n/* clang-format off */\n"
        "const _Alignas(64) uint64_t wtl_curve25519_table[64][8][12] = {\n");
    for (int i = 0; i < 64; i++) {
        point q = step;
        for (int j = 0; j < 8; j++) {
            printf("%s{", j == 0 ? "{" : "");
            print(add(q.y, q.x), ", ");
            print(sub(q.y, q.x), ", ");
            print(mul(add(d, d), mul(q.x, q.y)), j == 7 ? "}},\n" : "},\n");
            q = plus(q, j == 7 ? q : step, d);
        }
        step = q;
    }
    printf("};\n");
    return 0;
}
