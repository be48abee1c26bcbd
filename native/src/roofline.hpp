// What the machine allows: the two limits that a kernel's time is held against.
#pragma once

#include <cstddef>

namespace deconvs {

// FLOP/s (a multiply-add counts two) of `threads` threads together, each keeping the multiply-add units of the widest
// instruction set that pays busy for about `seconds`.
double measure_flops(int threads, bool float64, double seconds);

// Bytes per second of memory, read and written together: copies of arrays well beyond the last cache for about
// `seconds`, by the faster of ordinary and streaming stores.
double measure_bandwidth(int threads, double seconds);

// The same of arrays of `bytes` in all, which may fit in a cache.
double measure_copy(int threads, double seconds, std::size_t bytes);

}  // namespace deconvs
