#define DECONVS_ISA avx512
#define DECONVS_VECTOR_BYTES 64
#define DECONVS_REGISTERS 32
#include "instance.inl"

namespace deconvs {
const Kernels& kernels_avx512() { return avx512::kTable; }
}  // namespace deconvs
