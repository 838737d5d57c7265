/* What stands before all OpenCL kernels: the functions that operations call, as name_type. */
#define KIND(name, kind) \
    kind choose_##name(int c, kind x, kind y) { return c ? x : y; } \
    kind larger_##name(kind x, kind y) { kind z = x > y ? x : y; return x != x ? x : z; } \
    kind smaller_##name(kind x, kind y) { return x < y ? x : y; }
KIND(float32, float) KIND(int32, int) KIND(int64, long) KIND(bool, int)

#define cast_float32(x) ((float)(x))
#define cast_int32(x) ((int)(x))
#define cast_int64(x) ((long)(x))
#define cast_bool(x) ((x) != 0)
#define exp_float32(x) exp((float)(x))
#define log_float32(x) log((float)(x))
#define sin_float32(x) sin((float)(x))
#define sqrt_float32(x) sqrt((float)(x))

#ifdef cl_khr_fp64
KIND(float64, double)
#define cast_float64(x) ((double)(x))
#define exp_float64(x) exp((double)(x))
#define log_float64(x) log((double)(x))
#define sin_float64(x) sin((double)(x))
#define sqrt_float64(x) sqrt((double)(x))
#endif
