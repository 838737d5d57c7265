/* What stands before all CUDA kernels: the functions that operations call, as name_type. */
typedef int int32_t;
typedef long long int64_t;
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fc00000)
#define INLINE __device__ __forceinline__

struct float16 { /* 16 bits in memory; a float in an operation, and rounded after it */
    unsigned short bits;
    float16() = default;
    INLINE float16(float x) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x)); }
    INLINE float16(double x) { asm("cvt.rn.f16.f64 %0, %1;" : "=h"(bits) : "d"(x)); }
    INLINE float16(int x) : float16((float)x) {}
    INLINE float16(int64_t x) : float16((float)x) {}
    INLINE operator float() const {
        float x;
        asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
        return x;
    }
};

#define KIND(name, kind) \
    INLINE kind choose_##name(int c, kind x, kind y) { return c ? x : y; } \
    INLINE kind larger_##name(kind x, kind y) { kind z = x > y ? x : y; return x != x ? x : z; } \
    INLINE kind smaller_##name(kind x, kind y) { return x < y ? x : y; }
KIND(float32, float) KIND(float64, double) KIND(int32, int) KIND(int64, int64_t) KIND(bool, int)
KIND(float16, float16)

#define cast_float16(x) (float16(x))
#define cast_float32(x) ((float)(x))
#define cast_float64(x) ((double)(x))
#define cast_int32(x) ((int32_t)(x))
#define cast_int64(x) ((int64_t)(x))
#define cast_bool(x) ((x) != 0)

INLINE float exp_float32(float x) { return expf(x); }
INLINE float log_float32(float x) { return logf(x); }
INLINE float sin_float32(float x) { return sinf(x); }
INLINE float sqrt_float32(float x) { return sqrtf(x); }
INLINE float16 exp_float16(float16 x) { return expf(x); }
INLINE float16 log_float16(float16 x) { return logf(x); }
INLINE float16 sin_float16(float16 x) { return sinf(x); }
INLINE float16 sqrt_float16(float16 x) { return sqrtf(x); }
INLINE double exp_float64(double x) { return exp(x); }
INLINE double log_float64(double x) { return log(x); }
INLINE double sin_float64(double x) { return sin(x); }
INLINE double sqrt_float64(double x) { return sqrt(x); }
