#define DECONVS_ISA neon
#define DECONVS_VECTOR_BYTES 16
#define DECONVS_REGISTERS 32
#include "instance.inl"

namespace deconvs {
const Kernels& kernels_neon() { return neon::kTable; }
}  // namespace deconvs
