#include "memory.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

namespace deconvs {

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kTakenFrom = size_t(1) << 20;
constexpr size_t kKeptScratch = size_t(8) << 20;

// Windows and weights are walked in steps of many kilobytes: with small pages every step would be a search for its page.
constexpr size_t kHugePage = size_t(2) << 20;
constexpr size_t kHugeFrom = size_t(1) << 18;

void* allocate(size_t bytes) {
  const bool huge = bytes >= kHugeFrom;
  const size_t alignment = huge ? kHugePage : kAlignment;
  const size_t whole = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* data = nullptr;
  if (posix_memalign(&data, alignment, whole) != 0) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (huge) madvise(data, (whole + kHugePage - 1) / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
  return data;
}

}  // namespace

Buffer::Buffer(size_t bytes) : data_(allocate(bytes ? bytes : 1)), bytes_(bytes) {}

Buffer Buffer::used_again(size_t bytes) {
  if (bytes < kTakenFrom) return Buffer(bytes);
  Buffer found;
  found.data_ = take(bytes);
  found.bytes_ = bytes;
  found.taken_ = true;
  return found;
}

Buffer::~Buffer() {
  if (taken_)
    give(data_);
  else
    std::free(data_);
}

void* scratch(size_t bytes) {
  static thread_local Buffer kept;
  if (kept.bytes() < bytes || kept.bytes() > kKeptScratch) {
    kept = Buffer();
    kept = Buffer(bytes);
    std::memset(kept.data(), 0, bytes);
  }
  return kept.data();
}

namespace {

constexpr size_t kKeptBytes = size_t(256) << 20;
constexpr size_t kKeptBlocks = 4;
constexpr size_t kHead = 64;  // before the data: how large the block is

struct Kept {
  std::mutex lock;
  std::vector<char*> blocks;  // the latest last
  size_t bytes = 0;
};

// Never destroyed: arrays may be let go while the process ends.
Kept* pool_of_process = new Kept;

Kept& kept() { return *pool_of_process; }

// A child of a fork begins anew: another thread may have held the lock.
[[maybe_unused]] const int fork_is_watched = pthread_atfork(nullptr, nullptr, [] { pool_of_process = new Kept; });

size_t size_of(const char* block) {
  size_t bytes;
  std::memcpy(&bytes, block, sizeof bytes);
  return bytes;
}

}  // namespace

void* take(size_t bytes) {
  Kept& pool = kept();
  {
    const std::lock_guard<std::mutex> hold(pool.lock);
    for (size_t i = pool.blocks.size(); i-- > 0;)
      if (size_of(pool.blocks[i]) == bytes) {
        char* block = pool.blocks[i];
        pool.blocks.erase(pool.blocks.begin() + long(i));
        pool.bytes -= bytes;
        return block + kHead;
      }
  }
  char* block = static_cast<char*>(allocate(bytes + kHead));
  std::memcpy(block, &bytes, sizeof bytes);
  return block + kHead;
}

void give(void* data) noexcept {
  char* block = static_cast<char*>(data) - kHead;
  const size_t bytes = size_of(block);
  if (bytes > kKeptBytes) return std::free(block);
  Kept& pool = kept();
  const std::lock_guard<std::mutex> hold(pool.lock);
  while (!pool.blocks.empty() && (pool.blocks.size() >= kKeptBlocks || pool.bytes + bytes > kKeptBytes)) {
    pool.bytes -= size_of(pool.blocks.front());
    std::free(pool.blocks.front());
    pool.blocks.erase(pool.blocks.begin());
  }
  pool.blocks.reserve(kKeptBlocks);
  pool.blocks.push_back(block);
  pool.bytes += bytes;
}

}  // namespace deconvs
