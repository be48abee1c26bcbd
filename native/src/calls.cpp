#include "calls.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <stdexcept>

#include "isa.hpp"
#include "pool.hpp"

namespace deconvs {

namespace {

size_t size_of(bool float64) { return float64 ? 8 : 4; }

int64_t pieces(int64_t whole, int64_t piece) { return (whole + piece - 1) / piece; }

// Elements rounded up so that what lies behind them is aligned.
int64_t aligned(int64_t elements) { return pieces(elements, 16) * 16; }

std::vector<int64_t> shape(int64_t batch, int64_t channels, const std::vector<int64_t>& axes) {
  std::vector<int64_t> found{batch, channels};
  found.insert(found.end(), axes.begin(), axes.end());
  return found;
}

// Whether every number is below 2^-powers of what the type holds; with 0, whether none is infinite or NaN. Four words at a
// time: exponents stand in the higher word of a double, whose lower one is masked.
template <class T>
bool all_below(const void* data, int64_t count, int powers) {
  typedef int32_t Words __attribute__((vector_size(16)));
  constexpr int32_t exponent = sizeof(T) == 8 ? 0x7ff00000 : 0x7f800000;
  constexpr Words mask = sizeof(T) == 8 ? Words{0, exponent, 0, exponent} : Words{exponent, exponent, exponent, exponent};
  const Words limit = Words{} + (exponent - (powers << (sizeof(T) == 8 ? 20 : 23)));
  const char* at = static_cast<const char*>(data);
  const char* end = at + count * int64_t(sizeof(T));
  Words wrong[4] = {};
  for (; end - at >= 64; at += 64)
    for (int i = 0; i < 4; ++i) {
      Words words;
      std::memcpy(&words, at + i * 16, 16);
      wrong[i] |= (words & mask) >= limit;
    }
  Words words[4] = {};
  std::memcpy(words, at, size_t(end - at));
  for (int i = 0; i < 4; ++i) wrong[0] |= wrong[i] | ((words[i] & mask) >= limit);
  return !(wrong[0][0] | wrong[0][1] | wrong[0][2] | wrong[0][3]);
}

}  // namespace

const Kernels& kernels_of(const std::string& isa) {
  switch (isa_named(isa)) {
#ifdef DECONVS_HAVE_AVX2
    case Isa::avx2:
      return kernels_avx2();
#endif
#ifdef DECONVS_HAVE_AVX512
    case Isa::avx512:
      return kernels_avx512();
#endif
#ifdef DECONVS_HAVE_NEON
    case Isa::neon:
      return kernels_neon();
#endif
    default:
      return kernels_baseline();
  }
}

Layout::Layout(const Kernels& kernels, int panel_rows) : kernels_(&kernels) {
  if (panel_rows < 1 || panel_rows > kernels.most_rows)
    throw std::invalid_argument("no register tile has so many rows");
}

Packed Layout::pack(bool float64, const void* weight, const void* bias, Epilogue epilogue, int threads) const {
  const size_t item = size_of(float64);
  // A full vector may be read from the last weights and the last channels' biases.
  Packed packed{float64, Buffer::used_again(item * size_t(packed_) + 64), Buffer(item * size_t(outputs_) + 64), epilogue, true};
  std::memcpy(packed.bias.data(), bias, item * size_t(outputs_));
  std::atomic<bool> finite{true};
  // Some input channels a job: their weights lie together, and are read once, in order.
  const int64_t inputs = weights_ == 0 ? 0 : channels_in_, step = weights_ / std::max<int64_t>(1, groups_ * channels_in_);
  const int64_t some = std::clamp<int64_t>(pieces(inputs, 4 * threads), 4, 32), jobs = pieces(inputs, some);
  parallel(packed_ < 1 << 14 ? 1 : threads, groups_ * jobs, [&](int64_t number, int) {
    const int64_t group = number / jobs, start = number % jobs * some, end = std::min(inputs, start + some);
    const char* from = static_cast<const char*>(weight) + (group * inputs + start) * step * int64_t(item);
    const int64_t count = (end - start) * step;
    if (!(float64 ? all_below<double>(from, count, growth_) : all_below<float>(from, count, growth_)))
      finite.store(false, std::memory_order_relaxed);
    for (int64_t block = 0; block < blocks_; ++block)
      pack_block(float64, weight, packed.weights.data(), group, block, start, end);
  });
  packed.finite = finite.load();
  return packed;
}

PhaseWeights::PhaseWeights(const Kernels& kernels, PhaseLayout layout)
    : Layout(kernels, layout.panel_rows), layout_(std::make_shared<const PhaseLayout>(std::move(layout))) {
  const PhaseLayout& l = *layout_;
  int64_t taps = 0;
  for (const Unit& unit : l.units)
    for (const TapClass& which : unit.classes) taps += int64_t(which.phases.size()) * which.taps;
  groups_ = l.groups;
  blocks_ = pieces(l.channels_out, l.channel_block);
  channels_in_ = l.channels_in;
  outputs_ = l.groups * l.channels_out;
  weights_ = outputs_ * l.channels_in * l.kernel_volume;
  packed_ = outputs_ * l.channels_in * taps;
}

void PhaseWeights::pack_block(bool float64, const void* weight, void* packed, int64_t group, int64_t block, int64_t start,
                              int64_t end) const {
  if (float64)
    kernels_->f64.pack_phase(*layout_, static_cast<const double*>(weight), static_cast<double*>(packed), group, block,
                            start, end);
  else
    kernels_->f32.pack_phase(*layout_, static_cast<const float*>(weight), static_cast<float*>(packed), group, block, start,
                            end);
}

ToomWeights::ToomWeights(const Kernels& kernels, ToomLayout layout)
    : Layout(kernels, layout.panel_rows), layout_(std::make_shared<const ToomLayout>(std::move(layout))) {
  const ToomLayout& l = *layout_;
  groups_ = l.groups;
  blocks_ = pieces(l.channels_out, l.channel_block);
  channels_in_ = l.channels_in;
  outputs_ = l.groups * l.channels_out;
  weights_ = outputs_ * l.channels_in;
  for (const ToomAxis& axis : l.axes) weights_ *= axis.kernel_size;
  packed_ = outputs_ * l.channels_in * kernels.f32.toom_volume(l);
  // Sums of three weights, halved, on three axes: less than four times the largest.
  growth_ = 2;
}

void ToomWeights::pack_block(bool float64, const void* weight, void* packed, int64_t group, int64_t block, int64_t start,
                              int64_t end) const {
  if (float64)
    kernels_->f64.pack_toom(*layout_, static_cast<const double*>(weight), static_cast<double*>(packed), group, block,
                            start, end);
  else
    kernels_->f32.pack_toom(*layout_, static_cast<const float*>(weight), static_cast<float*>(packed), group, block, start,
                            end);
}

void Call::run(const Packed& packed, const void* x, void* y, int threads) const {
  if (packed.float64 != float64_) throw std::invalid_argument("weights were packed for another type");
  parallel(threads, jobs_, [&](int64_t number, int) { job(packed, x, y, number, scratch(scratch_)); });
}

PhaseCall::PhaseCall(const PhaseWeights& weights, bool float64, PhaseTiling tiling)
    : Call(weights.kernels(), float64), layout_(weights.layout()), tiling_(std::move(tiling)) {
  const PhaseTiling& t = tiling_;
  const PhaseLayout& l = *layout_;
  x_shape_ = shape(t.batch, l.groups * l.channels_in, t.input);
  y_shape_ = shape(t.batch, l.groups * l.channels_out, t.output);
  x_strides_ = t.x_strides;
  y_strides_ = t.y_strides;
  jobs_ = pieces(t.batch, t.images) * l.groups * t.parts;
  for (size_t axis = 0; axis < t.block.size(); ++axis) jobs_ *= pieces(t.positions[axis], t.block[axis]);
  room_ = aligned(t.channels_at_once * t.channel_pitch + kSlack +
                  t.units_at_once * l.channel_block * l.stride.back() * t.temp_pitch + kSlack);
  for (const Unit& unit : l.units)
    for (const TapClass& which : unit.classes) taps_ = std::max(taps_, int64_t(which.taps));
  scratch_ = size_t(room_) * size_of(float64_) + size_t(taps_ + 2 * l.stride.back()) * 8;
}

template <class T>
void PhaseCall::job_as(const KernelsOf<T>& kernels, const Packed& packed, const void* x, void* y, int64_t number,
                       void* scratch) const {
  T* memory = static_cast<T*>(scratch);
  int64_t* off = reinterpret_cast<int64_t*>(memory + room_);
  kernels.run_phase(*layout_, tiling_, static_cast<const T*>(packed.weights.data()),
                    static_cast<const T*>(packed.bias.data()), static_cast<const T*>(x), static_cast<T*>(y),
                    packed.epilogue, number, memory, off, reinterpret_cast<const T**>(off + taps_));
}

void PhaseCall::job(const Packed& packed, const void* x, void* y, int64_t number, void* scratch) const {
  if (float64_)
    job_as(kernels_->f64, packed, x, y, number, scratch);
  else
    job_as(kernels_->f32, packed, x, y, number, scratch);
}

GemmCall::GemmCall(const PhaseWeights& weights, bool float64, GemmTiling tiling)
    : Call(weights.kernels(), float64), layout_(weights.layout()), tiling_(std::move(tiling)) {
  const GemmTiling& t = tiling_;
  const PhaseLayout& l = *layout_;
  x_shape_ = shape(t.batch, l.groups * l.channels_in, t.input);
  y_shape_ = shape(t.batch, l.groups * l.channels_out, t.output);
  x_strides_ = t.x_strides;
  y_strides_ = t.y_strides;
  jobs_ = pieces(t.batch, t.images) * l.groups * int64_t(t.strips.size() / 4) * t.parts;
  landings_ = kernels_->gemm_landings(t);
  room_ = aligned(kernels_->gemm_room(l, t));
  scratch_ = size_t(room_) * size_of(float64_) + size_t(3 * landings_ + l.stride.back()) * 8;
}

template <class T>
void GemmCall::job_as(const KernelsOf<T>& kernels, const Packed& packed, const void* x, void* y, int64_t number,
                      void* scratch) const {
  T* memory = static_cast<T*>(scratch);
  int64_t* landings = reinterpret_cast<int64_t*>(memory + room_);
  kernels.run_gemm(*layout_, tiling_, static_cast<const T*>(packed.weights.data()),
                   static_cast<const T*>(packed.bias.data()), static_cast<const T*>(x), static_cast<T*>(y),
                   packed.epilogue, number, memory, landings, reinterpret_cast<const T**>(landings + 3 * landings_));
}

void GemmCall::job(const Packed& packed, const void* x, void* y, int64_t number, void* scratch) const {
  if (float64_)
    job_as(kernels_->f64, packed, x, y, number, scratch);
  else
    job_as(kernels_->f32, packed, x, y, number, scratch);
}

ToomCall::ToomCall(const ToomWeights& weights, bool float64, ToomTiling tiling)
    : Call(weights.kernels(), float64), layout_(weights.layout()), tiling_(std::move(tiling)) {
  const ToomTiling& t = tiling_;
  const ToomLayout& l = *layout_;
  // The arrays do not have the axes that were put in front to make three.
  const auto own = [&](std::vector<int64_t> three, size_t before) {
    three.erase(three.begin() + int64_t(before), three.begin() + int64_t(before) + 3 - t.axes);
    return three;
  };
  x_shape_ = own(shape(t.batch, l.groups * l.channels_in, t.input), 2);
  y_shape_ = own(shape(t.batch, l.groups * l.channels_out, t.output), 2);
  x_strides_ = own(t.x_strides, 2);
  y_strides_ = own(t.y_strides, 2);
  if (t.count < 1 || t.count > kMostTiles || t.pitch < t.count || t.channels_at_once < 1 || t.parts < 1 || t.vectors < 1)
    throw std::invalid_argument("a tiling that nothing can be computed by");
  jobs_ = pieces(t.batch * t.tiles[0] * t.tiles[1] * t.tiles[2], t.count) * l.groups * t.parts;
  room_ = aligned(float64 ? kernels_->f64.toom_room(l, t) : kernels_->f32.toom_room(l, t));
  scratch_ = size_t(room_) * size_of(float64_) + size_t(3 * l.axes.back().stride) * 8;
}

template <class T>
void ToomCall::job_as(const KernelsOf<T>& kernels, const Packed& packed, const void* x, void* y, int64_t number,
                      void* scratch) const {
  T* memory = static_cast<T*>(scratch);
  kernels.run_toom(*layout_, tiling_, static_cast<const T*>(packed.weights.data()),
                   static_cast<const T*>(packed.bias.data()), static_cast<const T*>(x), static_cast<T*>(y),
                   packed.epilogue, number, memory, reinterpret_cast<const T**>(memory + room_));
}

void ToomCall::job(const Packed& packed, const void* x, void* y, int64_t number, void* scratch) const {
  if (float64_)
    job_as(kernels_->f64, packed, x, y, number, scratch);
  else
    job_as(kernels_->f32, packed, x, y, number, scratch);
}

}  // namespace deconvs
