// For kernels that are written once over a vector width and compiled for three instruction sets: the
// processor picks when the library is loaded. Without GNU vector extensions the plain loops run.
#pragma once

#if defined(__GNUC__) && defined(__x86_64__)
#define PRIORFIT_DISPATCH 1
#else
#define PRIORFIT_DISPATCH 0
#endif
#if defined(__GNUC__)
#define PRIORFIT_UNROLL _Pragma("GCC unroll 16")  // what is indexed by the loop stays in registers
#else
#define PRIORFIT_UNROLL
#endif

#if PRIORFIT_DISPATCH
namespace priorfit {

// Of the processor: 2 with AVX-512, 1 with AVX2, else 0.
inline int level() {
  static const int found = [] {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
      return 2;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 1 : 0;
  }();
  return found;
}

}  // namespace priorfit
#endif
