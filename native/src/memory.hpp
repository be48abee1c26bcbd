// Aligned memory, a scratch buffer per thread that is kept between calls, and large outputs that are used again.
#pragma once

#include <cstddef>
#include <utility>

namespace deconvs {

// Uninitialised memory, aligned to a cache line; throws std::bad_alloc.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes);
  // The same from memory that large arrays left, and back to it: what a functional call packs into is soon packed into again.
  static Buffer used_again(size_t bytes);
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer(std::move(other)).swap(*this);
    return *this;
  }
  ~Buffer();
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(taken_, other.taken_);
  }

  void* data_ = nullptr;
  size_t bytes_ = 0;
  bool taken_ = false;  // to be given back
};

// This thread's scratch memory of at least so many bytes. Kept for the thread's next call, unless it is large. New memory is
// zero: what a register tile reads beyond a window must not be a slow denormal number by accident.
void* scratch(size_t bytes);

// Memory for a large result, and back. A few blocks that were given back are kept, so that the next result of that size need not be
// mapped and cleared by the system page by page, which takes longer than filling it.
void* take(size_t bytes);
void give(void* data) noexcept;

}  // namespace deconvs
