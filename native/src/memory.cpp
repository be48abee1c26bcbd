#include "memory.hpp"

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

namespace deconvs {

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kKeptScratch = size_t(8) << 20;

void* allocate(size_t bytes) {
  void* data = std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  if (!data) throw std::bad_alloc();
  return data;
}

}  // namespace

Buffer::Buffer(size_t bytes) : data_(allocate(bytes ? bytes : 1)), bytes_(bytes) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    std::free(data_);
    data_ = other.data_;
    bytes_ = other.bytes_;
    other.data_ = nullptr;
    other.bytes_ = 0;
  }
  return *this;
}

Buffer::~Buffer() { std::free(data_); }

void* scratch(size_t bytes) {
  static thread_local Buffer kept;
  if (kept.bytes() < bytes || kept.bytes() > kKeptScratch) {
    kept = Buffer();
    kept = Buffer(bytes);
    std::memset(kept.data(), 0, bytes);
  }
  return kept.data();
}

}  // namespace deconvs
