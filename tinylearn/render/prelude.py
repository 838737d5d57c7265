"""C text before all kernels: functions that a compiler can vectorize, which math.h has not."""

PRELUDE = r"""
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float bits_as_float(int32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
static inline int32_t float_as_bits(float x) { int32_t bits; memcpy(&bits, &x, 4); return bits; }
static inline double bits_as_double(int64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
static inline int64_t double_as_bits(double x) { int64_t bits; memcpy(&bits, &x, 8); return bits; }

/* c ? x : y by its bits: a branch that goes either way is guessed wrong half the time, and one
   wrong guess takes as long as ten additions. */
#define CHOOSE(kind, bits) \
    static inline kind choose_##kind(int c, kind x, kind y) { \
        bits first, other; memcpy(&first, &x, sizeof x); memcpy(&other, &y, sizeof y); \
        other ^= (first ^ other) & -(bits)c; memcpy(&y, &other, sizeof y); return y; }
CHOOSE(float, int32_t) CHOOSE(double, int64_t) CHOOSE(int32_t, int32_t) CHOOSE(int64_t, int64_t)
CHOOSE(int, int)
#ifdef __FLT16_MANT_DIG__
CHOOSE(_Float16, int16_t)
#endif
/* The larger of two; not a number if one of them is none, which is easily guessed. */
static inline float larger_float(float x, float y) {
    float larger = x > y ? x : y;
    return x != x ? x : larger;
}
static inline double larger_double(double x, double y) {
    double larger = x > y ? x : y;
    return x != x ? x : larger;
}

/* e to the x: x = n log 2 + r, a polynomial for e to the r, n put into the exponent's bits.
   No branch and no call, so that a compiler can vectorize it. What rounding
   takes from r is put back at the end: wrong by less than 0.6 units in the last place. */
static inline float exp_float(float x) {
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    float n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
    float high = x - n * 0.693359375f, low = n * 2.12194440e-4f;
    float r = high + low, lost = (high - r) + low;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    float one = 1.0f + r;
    p = one + (p * r * r + ((r - (one - 1.0f)) + lost));
    int32_t whole = (int32_t)n, half = whole >> 1;
    return p * bits_as_float((half + 127) << 23) * bits_as_float((whole - half + 127) << 23);
}

/* The same for double: more terms, wrong by less than 2 units in the last place. */
static inline double exp_double(double x) {
    x = x < -746.0 ? -746.0 : x;
    x = x > 710.0 ? 710.0 : x;
    double n = (x * 1.4426950408889634 + 6755399441055744.0) - 6755399441055744.0;
    double r = x - n * 6.93147180369123816490e-01;
    r = r - n * 1.90821492927058770002e-10;
    double p = 1.6059043836821613e-10;
    p = p * r + 2.0876756987868100e-9;
    p = p * r + 2.5052108385441720e-8;
    p = p * r + 2.7557319223985893e-7;
    p = p * r + 2.7557319223985888e-6;
    p = p * r + 2.4801587301587302e-5;
    p = p * r + 1.9841269841269841e-4;
    p = p * r + 1.3888888888888889e-3;
    p = p * r + 8.3333333333333333e-3;
    p = p * r + 4.1666666666666667e-2;
    p = p * r + 1.6666666666666667e-1;
    p = p * r + 0.5;
    p = p * r * r + r + 1.0;
    int64_t whole = (int32_t)n, half = whole >> 1;
    return p * bits_as_double((half + 1023) << 52) * bits_as_double((whole - half + 1023) << 52);
}

/* The natural logarithm: x = 2^e m with m near 1, a polynomial for log m. */
static inline float log_float(float x) {
    float y = x < 1.17549435e-38f ? x * 8388608.0f : x;
    int32_t shift = x < 1.17549435e-38f ? 23 : 0;
    int32_t e = (float_as_bits(y) - 0x3f3504f3) >> 23;
    float f = bits_as_float(float_as_bits(y) - (int32_t)((uint32_t)e << 23)) - 1.0f;
    float n = (float)(e - shift), z = f * f;
    float p = 7.0376836292e-2f;
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    p = p * f * z - n * 2.12194440e-4f - 0.5f * z + f + n * 0.693359375f;
    p = x == 0.0f ? -INFINITY : p;
    p = x < 0.0f ? NAN : p;
    return x == INFINITY || x != x ? x : p;
}

#define exp(x) _Generic((x), double: exp_double, default: exp_float)(x)
#define log(x) _Generic((x), double: log, default: log_float)(x)
#define sin(x) _Generic((x), double: sin, default: sinf)(x)
#define sqrt(x) _Generic((x), double: sqrt, default: sqrtf)(x)
"""
