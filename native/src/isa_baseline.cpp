#define DECONVS_ISA baseline
#define DECONVS_VECTOR_BYTES 16
#define DECONVS_REGISTERS 16
#include "instance.inl"

namespace deconvs {
const Kernels& kernels_baseline() { return baseline::kTable; }
}  // namespace deconvs
