/* What stands before all kernels: numbers and vectors, and functions that C lacks.

   A function is called name_type: exp_float32 of one number, exp_float32x8 of eight side by side.
   bool is an int here, 0 or 1; boolx8 is a mask, 0 or -1 in each lane. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline

/* ---------------------------------------------------------------- one number */

INLINE float bits_as_float(int32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
INLINE int32_t float_as_bits(float x) { int32_t bits; memcpy(&bits, &x, 4); return bits; }
INLINE double bits_as_double(int64_t bits) { double x; memcpy(&x, &bits, 8); return x; }

/* c ? x : y by its bits: a branch that goes either way is guessed wrong half the time, and one
   wrong guess takes as long as ten additions. */
#define CHOOSE(name, kind, bits) \
    INLINE kind choose_##name(int c, kind x, kind y) { \
        bits first, other; memcpy(&first, &x, sizeof x); memcpy(&other, &y, sizeof y); \
        other ^= (first ^ other) & -(bits)c; memcpy(&y, &other, sizeof y); return y; }
CHOOSE(float32, float, int32_t) CHOOSE(float64, double, int64_t)
CHOOSE(int32, int32_t, int32_t) CHOOSE(int64, int64_t, int64_t) CHOOSE(bool, int, int)

/* The larger of two; not a number if one of them is none, which is easily guessed. */
#define LARGER(name, kind) \
    INLINE kind larger_##name(kind x, kind y) { kind z = x > y ? x : y; return x != x ? x : z; } \
    INLINE kind smaller_##name(kind x, kind y) { return x < y ? x : y; }
LARGER(float32, float) LARGER(float64, double) LARGER(int32, int32_t) LARGER(int64, int64_t)
LARGER(bool, int)

#define cast_float32(x) ((float)(x))
#define cast_float64(x) ((double)(x))
#define cast_int32(x) ((int32_t)(x))
#define cast_int64(x) ((int64_t)(x))
#define cast_bool(x) ((x) != 0)

/* e to the x: x = n log 2 + r, a polynomial for e to the r, n put into the exponent's bits.
   No branch and no call, so that a compiler can vectorize it. What rounding takes from r is put
   back at the end: wrong by less than 0.6 units in the last place. */
INLINE float exp_float32(float x) {
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
INLINE double exp_float64(double x) {
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
INLINE float log_float32(float x) {
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
INLINE double log_float64(double x) { return log(x); }
INLINE float sin_float32(float x) { return sinf(x); }
INLINE double sin_float64(double x) { return sin(x); }
INLINE float sqrt_float32(float x) { return sqrtf(x); }
INLINE double sqrt_float64(double x) { return sqrt(x); }

#ifdef __FLT16_MANT_DIG__ /* numbers of 16 bits: functions compute in 32 */
CHOOSE(float16, _Float16, int16_t) LARGER(float16, _Float16)
#define cast_float16(x) ((_Float16)(x))
INLINE _Float16 exp_float16(_Float16 x) { return exp_float32(x); }
INLINE _Float16 log_float16(_Float16 x) { return log_float32(x); }
INLINE _Float16 sin_float16(_Float16 x) { return sinf(x); }
INLINE _Float16 sqrt_float16(_Float16 x) { return sqrtf(x); }
#endif

/* ---------------------------------------------------------------- many numbers side by side

   VECTORS(8) makes float32x8, float64x8, int32x8, int64x8 and boolx8, and their functions. */

#define TYPE(name, kind, n) typedef kind name##x##n \
    __attribute__((vector_size(n * sizeof(kind)), aligned(sizeof(kind)), may_alias));
#define TYPES(n) TYPE(float32, float, n) TYPE(float64, double, n) TYPE(int32, int32_t, n) \
    TYPE(int64, int64_t, n) TYPE(byte, unsigned char, n) typedef int32x##n boolx##n;

/* A macro, for it takes every kind of number. A mask may come from numbers of 64 bits. */
#define cast_float32x2(x) __builtin_convertvector(x, float32x2)
#define cast_float64x2(x) __builtin_convertvector(x, float64x2)
#define cast_int32x2(x) __builtin_convertvector(x, int32x2)
#define cast_int64x2(x) __builtin_convertvector(x, int64x2)
#define cast_boolx2(x) __builtin_convertvector((x) != 0, boolx2)
#define cast_float32x4(x) __builtin_convertvector(x, float32x4)
#define cast_float64x4(x) __builtin_convertvector(x, float64x4)
#define cast_int32x4(x) __builtin_convertvector(x, int32x4)
#define cast_int64x4(x) __builtin_convertvector(x, int64x4)
#define cast_boolx4(x) __builtin_convertvector((x) != 0, boolx4)
#define cast_float32x8(x) __builtin_convertvector(x, float32x8)
#define cast_float64x8(x) __builtin_convertvector(x, float64x8)
#define cast_int32x8(x) __builtin_convertvector(x, int32x8)
#define cast_int64x8(x) __builtin_convertvector(x, int64x8)
#define cast_boolx8(x) __builtin_convertvector((x) != 0, boolx8)
#define cast_float32x16(x) __builtin_convertvector(x, float32x16)
#define cast_float64x16(x) __builtin_convertvector(x, float64x16)
#define cast_int32x16(x) __builtin_convertvector(x, int32x16)
#define cast_int64x16(x) __builtin_convertvector(x, int64x16)
#define cast_boolx16(x) __builtin_convertvector((x) != 0, boolx16)

#define MOVES(name, kind, n) \
    INLINE name##x##n load_##name##x##n(const kind *p) { return *(const name##x##n *)p; } \
    INLINE void store_##name##x##n(kind *p, name##x##n x) { *(name##x##n *)p = x; } \
    INLINE void scatter_##name##x##n(kind *p, long step, name##x##n x) { \
        for (int k = 0; k < n; k++) p[step * k] = x[k]; } \
    INLINE name##x##n all_##name##x##n(kind x) { return x - (name##x##n){0}; }

/* Bytes to a mask and back; gcc 12 does it number by number unless it is told how. */
#define BOOLS(n) \
    INLINE boolx##n all_boolx##n(int x) { return (boolx##n){0} - x; } \
    INLINE void scatter_boolx##n(unsigned char *p, long step, boolx##n x) { \
        for (int k = 0; k < n; k++) p[step * k] = x[k] & 1; } \
    INLINE boolx##n load_boolx##n(const unsigned char *p) { return bytes_to_mask_##n(p); } \
    INLINE void store_boolx##n(unsigned char *p, boolx##n x) { mask_to_bytes_##n(p, x & 1); }
#define BYTES_BY_LOOP(n) \
    typedef int32_t masked##n __attribute__((vector_size(4 * n), aligned(4), may_alias)); \
    INLINE masked##n bytes_to_mask_##n(const unsigned char *p) { int32_t y[n]; masked##n x; \
        for (int k = 0; k < n; k++) y[k] = p[k]; memcpy(&x, y, sizeof x); return x != 0; } \
    INLINE void mask_to_bytes_##n(unsigned char *p, masked##n x) { int32_t y[n]; \
        memcpy(y, &x, sizeof x); for (int k = 0; k < n; k++) p[k] = y[k]; }
#define BYTES_BY_CONVERSION(n) \
    typedef int32_t masked##n __attribute__((vector_size(4 * n), aligned(4), may_alias)); \
    typedef unsigned char few##n __attribute__((vector_size(n), aligned(1), may_alias)); \
    INLINE masked##n bytes_to_mask_##n(const unsigned char *p) { \
        return __builtin_convertvector(*(const few##n *)p, masked##n) != 0; } \
    INLINE void mask_to_bytes_##n(unsigned char *p, masked##n x) { \
        *(few##n *)p = __builtin_convertvector(x, few##n); }
BYTES_BY_LOOP(2) BYTES_BY_LOOP(4)
#if defined(__clang__)
BYTES_BY_CONVERSION(8) BYTES_BY_CONVERSION(16)
#elif defined(__AVX512VL__)
typedef char bytes16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef int32_t masked8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t masked16 __attribute__((vector_size(64), aligned(4), may_alias));
INLINE masked16 bytes_to_mask_16(const unsigned char *p) {
    masked16 x = __builtin_ia32_pmovzxbd512_mask(*(const bytes16 *)p, (masked16){0}, 0xffff);
    return x != 0; }
INLINE void mask_to_bytes_16(unsigned char *p, masked16 x) {
    *(bytes16 *)p = __builtin_ia32_pmovdb512_mask(x, (bytes16){0}, 0xffff); }
INLINE masked8 bytes_to_mask_8(const unsigned char *p) {
    bytes16 b = {0}; memcpy(&b, p, 8); return (masked8)__builtin_ia32_pmovzxbd256(b) != 0; }
INLINE void mask_to_bytes_8(unsigned char *p, masked8 x) {
    bytes16 b = __builtin_ia32_pmovdb256_mask(x, (bytes16){0}, 0xff); memcpy(p, &b, 8); }
#else
BYTES_BY_LOOP(8) BYTES_BY_LOOP(16)
#endif

/* Stores past the cache, in whole lines of it: memory is aligned. */
#if defined(__clang__)
#define STREAMS(n) INLINE void stream_float32x##n(float *p, float32x##n x) { \
    __builtin_nontemporal_store(x, (float32x##n *)p); }
#else
#define STREAMS(n) INLINE void stream_float32x##n(float *p, float32x##n x) { STREAM_##n(p, x); }
#define STREAM_2(p, x) store_float32x2(p, x)
#if defined(__SSE__)
#define STREAM_4(p, x) __builtin_ia32_movntps(p, x)
#else
#define STREAM_4(p, x) store_float32x4(p, x)
#endif
#if defined(__AVX__)
#define STREAM_8(p, x) __builtin_ia32_movntps256(p, x)
#else
#define STREAM_8(p, x) store_float32x8(p, x)
#endif
#if defined(__AVX512F__)
#define STREAM_16(p, x) __builtin_ia32_movntps512(p, x)
#else
#define STREAM_16(p, x) store_float32x16(p, x)
#endif
#endif
#if defined(__SSE__)
#define streamed() __builtin_ia32_sfence()
#else
#define streamed()
#endif

/* A loop over the lanes of an array: every compiler makes vector instructions of it. */
#define EACH(function, name, kind, n) \
    INLINE name##x##n function##_##name##x##n(name##x##n x) { kind y[n]; memcpy(y, &x, sizeof x); \
        for (int k = 0; k < n; k++) y[k] = function##_##name(y[k]); \
        memcpy(&x, y, sizeof x); return x; }
#define FUNCTIONS(name, kind, n) \
    EACH(exp, name, kind, n) EACH(log, name, kind, n) EACH(sin, name, kind, n) \
    EACH(sqrt, name, kind, n)

/* A mask chooses by its bits, and is made as wide as the numbers are. */
#define CHOOSE_EACH(name, bits, n) \
    INLINE name##x##n choose_##name##x##n(boolx##n c, name##x##n x, name##x##n y) { \
        bits##x##n m = __builtin_convertvector(c, bits##x##n); \
        return (name##x##n)(((bits##x##n)x & m) | ((bits##x##n)y & ~m)); }
#define LARGER_EACH(name, bits, n) \
    INLINE name##x##n larger_##name##x##n(name##x##n x, name##x##n y) { \
        bits##x##n m = (x > y) | (x != x); \
        return (name##x##n)(((bits##x##n)x & m) | ((bits##x##n)y & ~m)); } \
    INLINE name##x##n smaller_##name##x##n(name##x##n x, name##x##n y) { \
        bits##x##n m = x < y; \
        return (name##x##n)(((bits##x##n)x & m) | ((bits##x##n)y & ~m)); }

/* The lanes of one vector become one number, half of them at a time. */
#define ACROSS(name, kind, n) \
    INLINE kind sum_##name##x##n(name##x##n x) { kind y[n]; memcpy(y, &x, sizeof x); \
        for (int half = n / 2; half; half /= 2) \
            for (int k = 0; k < half; k++) y[k] += y[k + half]; \
        return y[0]; } \
    INLINE kind max_##name##x##n(name##x##n x) { kind y[n]; memcpy(y, &x, sizeof x); \
        for (int half = n / 2; half; half /= 2) \
            for (int k = 0; k < half; k++) y[k] = larger_##name(y[k], y[k + half]); \
        return y[0]; }

#define NUMBERS(name, kind, bits, n) MOVES(name, kind, n) CHOOSE_EACH(name, bits, n) \
    LARGER_EACH(name, bits, n) ACROSS(name, kind, n)
#define VECTORS(n) TYPES(n) BOOLS(n) CHOOSE_EACH(bool, bool, n) \
    NUMBERS(float32, float, int32, n) NUMBERS(float64, double, int64, n) \
    NUMBERS(int32, int32_t, int32, n) NUMBERS(int64, int64_t, int64, n) \
    FUNCTIONS(float32, float, n) FUNCTIONS(float64, double, n) STREAMS(n)
