// What one instruction set offers, as a table of functions. isa_*.cpp fill it in.
#pragma once

#include <cstdint>

#include "job.hpp"

namespace deconvs {

// Elements behind a window or a row of results that a register tile may read or write past their end.
constexpr int64_t kSlack = 256;

template <class T>
struct KernelsOf {
  void (*pack_phase)(const PhaseLayout&, const T* w, T* packed, int64_t group, int64_t block, int64_t start, int64_t end);
  void (*run_phase)(const PhaseLayout&, const PhaseTiling&, const T* packed, const T* bias, const T* x, T* y,
                    Epilogue, int64_t job, T* scratch, int64_t* off, const T** from);
  void (*run_gemm)(const PhaseLayout&, const GemmTiling&, const T* packed, const T* bias, const T* x, T* y, Epilogue,
                   int64_t job, T* scratch, int64_t* landings, const T** from);
  void (*pack_toom)(const ToomLayout&, const T* w, T* packed, int64_t group, int64_t block, int64_t start, int64_t end);
  void (*run_toom)(const ToomLayout&, const ToomTiling&, const T* packed, const T* bias, const T* x, T* y, Epilogue,
                   int64_t job, T* scratch, const T** from);
  int64_t (*toom_room)(const ToomLayout&, const ToomTiling&);  // elements of scratch memory
  int64_t (*toom_volume)(const ToomLayout&);                   // packed elements per output and input channel
};

struct Kernels {
  int registers, bytes;               // of the instruction set's vectors
  int most_rows;                      // of a register tile
  int (*most_vectors)(int rows);      // beside so many rows
  int64_t (*gemm_room)(const PhaseLayout&, const GemmTiling&);  // elements of scratch memory
  int64_t (*gemm_landings)(const GemmTiling&);                  // rows of products of one tap
  KernelsOf<float> f32;
  KernelsOf<double> f64;
};

const Kernels& kernels_baseline();
const Kernels& kernels_avx2();
const Kernels& kernels_avx512();
const Kernels& kernels_neon();

}  // namespace deconvs
