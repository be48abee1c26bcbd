// The kernels of one instruction set. The including file defines DECONVS_ISA (its name), DECONVS_VECTOR_BYTES and
// DECONVS_REGISTERS.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "job.hpp"
#include "kernels.hpp"

namespace deconvs {
namespace DECONVS_ISA {
namespace {

#include "vec.hpp"
#include "micro.hpp"
#include "window.hpp"
#include "rows.hpp"
#include "toom_transforms.hpp"
#include "pack.hpp"
#include "phase.hpp"
#include "gemm.hpp"
#include "toom.hpp"

template <class T>
void run_phase_job(const PhaseLayout& layout, const PhaseTiling& tiling, const T* packed, const T* bias, const T* x,
                   T* y, Epilogue epilogue, int64_t job, T* scratch, int64_t* off, const T** from) {
  const PhaseRun<T> run{layout, tiling, packed, bias, x, y, epilogue.activation, T(epilogue.slope)};
  run_phase(run, job, scratch, off, from);
  if (tiling.past) settle();
}

template <class T>
void run_toom_job(const ToomLayout& layout, const ToomTiling& tiling, const T* packed, const T* bias, const T* x, T* y,
                  Epilogue epilogue, int64_t job, T* scratch, const T** from) {
  const ToomRun<T> run{layout, tiling, packed, bias, x, y, epilogue.activation, T(epilogue.slope)};
  run_toom(run, job, scratch, from);
  if (tiling.past) settle();
}

template <class T>
void run_gemm_job(const PhaseLayout& layout, const GemmTiling& tiling, const T* packed, const T* bias, const T* x, T* y,
                  Epilogue epilogue, int64_t job, T* scratch, int64_t* landings, const T** from) {
  const GemmRun<T> run{layout, tiling, packed, bias, x, y, epilogue.activation, T(epilogue.slope)};
  run_gemm(run, job, scratch, reinterpret_cast<Landing*>(landings), from);
  if (tiling.past) settle();
}

template <class T>
int64_t toom_scratch(const ToomLayout& layout, const ToomTiling& tiling) {
  return toom_room<T>(layout, tiling).all();
}

template <class T>
constexpr KernelsOf<T> kernels_of() {
  return {pack_phase<T>,     run_phase_job<T>, run_gemm_job<T>, pack_toom<T>, run_toom_job<T>, toom_scratch<T>,
          toom_volume};
}

int64_t gemm_scratch(const PhaseLayout& layout, const GemmTiling& tiling) { return gemm_room(layout, tiling).all(); }

constexpr Kernels kTable{kRegisters,   DECONVS_VECTOR_BYTES, kMostRows,           most_vectors,
                         gemm_scratch, landings_of,          kernels_of<float>(), kernels_of<double>()};

}  // namespace
}  // namespace DECONVS_ISA
}  // namespace deconvs
