// What the machine allows: the two limits that a kernel's time is held against.
#pragma once

#include <cstddef>

namespace deconvs {

// FLOP/s (a multiply-add counts two) of `threads` threads together, each keeping the multiply-add units of the widest
// instruction set that pays busy for about `seconds`.
double measure_flops(int threads, bool float64, double seconds);

// Bytes per second, read and written together, of copying arrays of `bytes` in all for about `seconds`, by the faster
// of ordinary and streaming stores. 0 bytes: well beyond the last cache, so that it is memory that is measured.
double measure_bandwidth(int threads, double seconds, std::size_t bytes = 0);

}  // namespace deconvs
