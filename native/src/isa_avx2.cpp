#define DECONVS_ISA avx2
#define DECONVS_VECTOR_BYTES 32
#define DECONVS_REGISTERS 16
#include "instance.inl"

namespace deconvs {
const Kernels& kernels_avx2() { return avx2::kTable; }
}  // namespace deconvs
