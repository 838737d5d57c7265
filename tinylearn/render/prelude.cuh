/* What stands before all CUDA kernels: the functions that operations call, as name_type. */
typedef int int32_t;
typedef long long int64_t;
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fc00000)
#define INLINE __device__ __forceinline__

#define KIND(name, kind) \
    INLINE kind choose_##name(int c, kind x, kind y) { return c ? x : y; } \
    INLINE kind larger_##name(kind x, kind y) { kind z = x > y ? x : y; return x != x ? x : z; } \
    INLINE kind smaller_##name(kind x, kind y) { return x < y ? x : y; }
KIND(float32, float) KIND(float64, double) KIND(int32, int) KIND(int64, int64_t) KIND(bool, int)

#define cast_float32(x) ((float)(x))
#define cast_float64(x) ((double)(x))
#define cast_int32(x) ((int32_t)(x))
#define cast_int64(x) ((int64_t)(x))
#define cast_bool(x) ((x) != 0)

INLINE float exp_float32(float x) { return expf(x); }
INLINE float log_float32(float x) { return logf(x); }
INLINE float sin_float32(float x) { return sinf(x); }
INLINE float sqrt_float32(float x) { return sqrtf(x); }
INLINE double exp_float64(double x) { return exp(x); }
INLINE double log_float64(double x) { return log(x); }
INLINE double sin_float64(double x) { return sin(x); }
INLINE double sqrt_float64(double x) { return sqrt(x); }
