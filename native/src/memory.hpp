// Aligned memory, a scratch buffer per thread that is kept between calls, and large outputs that are used again.
#pragma once

#include <cstddef>

namespace deconvs {

// Uninitialised memory, aligned to a cache line; throws std::bad_alloc.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes);
  Buffer(Buffer&& other) noexcept : data_(other.data_), bytes_(other.bytes_) { other.data_ = nullptr; other.bytes_ = 0; }
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

// This thread's scratch memory of at least so many bytes. Kept for the thread's next call, unless it is large. New memory is
// zero: what a register tile reads beyond a window must not be a slow denormal number by accident.
void* scratch(size_t bytes);

// Memory for a large result, and back. A few blocks that were given back are kept, so that the next result of that size need not be
// mapped and cleared by the system page by page, which takes longer than filling it.
void* take(size_t bytes);
void give(void* data) noexcept;

}  // namespace deconvs
