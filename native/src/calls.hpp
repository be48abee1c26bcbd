// Kernels as they are called: weights packed once into a layout, and a plan for one input size whose jobs are handed to
// the threads. One class a kernel; what they share stands in the base classes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "job.hpp"
#include "kernels.hpp"
#include "memory.hpp"

namespace deconvs {

// The kernels of an instruction set by name; throws where it is not available.
const Kernels& kernels_of(const std::string& isa);

struct Packed {
  bool float64;
  Buffer weights, bias;
  Epilogue epilogue;
  bool finite;  // no weight is infinite or NaN, nor becomes so by being packed
  size_t bytes() const { return weights.bytes() + bias.bytes(); }
};

class Layout {
 public:
  virtual ~Layout() = default;
  Packed pack(bool float64, const void* weight, const void* bias, Epilogue epilogue, int threads) const;
  int64_t weights() const { return weights_; }  // elements of the weight
  int64_t outputs() const { return outputs_; }  // channels of all groups
  const Kernels& kernels() const { return *kernels_; }

 protected:
  Layout(const Kernels& kernels, int panel_rows);
  virtual void pack_block(bool float64, const void* weight, void* packed, int64_t group, int64_t block, int64_t start,
                          int64_t end) const = 0;

  const Kernels* kernels_;
  int64_t weights_ = 0, outputs_ = 0, packed_ = 0, groups_ = 1, blocks_ = 1, channels_in_ = 1;
  int growth_ = 0;  // powers of two that packed weights may be larger by
};

class PhaseWeights final : public Layout {
 public:
  PhaseWeights(const Kernels& kernels, PhaseLayout layout);
  const std::shared_ptr<const PhaseLayout>& layout() const { return layout_; }

 private:
  void pack_block(bool float64, const void* weight, void* packed, int64_t group, int64_t block, int64_t start,
                  int64_t end) const override;
  std::shared_ptr<const PhaseLayout> layout_;
};

class ToomWeights final : public Layout {
 public:
  ToomWeights(const Kernels& kernels, ToomLayout layout);
  const std::shared_ptr<const ToomLayout>& layout() const { return layout_; }

 private:
  void pack_block(bool float64, const void* weight, void* packed, int64_t group, int64_t block, int64_t start,
                  int64_t end) const override;
  std::shared_ptr<const ToomLayout> layout_;
};

class Call {
 public:
  virtual ~Call() = default;
  void run(const Packed& packed, const void* x, void* y, int threads) const;
  int64_t jobs() const { return jobs_; }
  size_t scratch_bytes() const { return scratch_; }  // of each thread
  bool float64() const { return float64_; }
  const std::vector<int64_t>& x_shape() const { return x_shape_; }
  const std::vector<int64_t>& y_shape() const { return y_shape_; }
  const std::vector<int64_t>& x_strides() const { return x_strides_; }
  const std::vector<int64_t>& y_strides() const { return y_strides_; }

 protected:
  Call(const Kernels& kernels, bool float64) : kernels_(&kernels), float64_(float64) {}
  virtual void job(const Packed& packed, const void* x, void* y, int64_t number, void* scratch) const = 0;

  const Kernels* kernels_;
  bool float64_;
  std::vector<int64_t> x_shape_, y_shape_, x_strides_, y_strides_;
  int64_t jobs_ = 1;
  size_t scratch_ = 0;
};

class PhaseCall final : public Call {
 public:
  PhaseCall(const PhaseWeights& weights, bool float64, PhaseTiling tiling);

 private:
  void job(const Packed& packed, const void* x, void* y, int64_t number, void* scratch) const override;
  template <class T>
  void job_as(const KernelsOf<T>& kernels, const Packed& packed, const void* x, void* y, int64_t number,
              void* scratch) const;
  std::shared_ptr<const PhaseLayout> layout_;
  PhaseTiling tiling_;
  int64_t room_ = 0, taps_ = 0;
};

class GemmCall final : public Call {
 public:
  GemmCall(const PhaseWeights& weights, bool float64, GemmTiling tiling);

 private:
  void job(const Packed& packed, const void* x, void* y, int64_t number, void* scratch) const override;
  template <class T>
  void job_as(const KernelsOf<T>& kernels, const Packed& packed, const void* x, void* y, int64_t number,
              void* scratch) const;
  std::shared_ptr<const PhaseLayout> layout_;
  GemmTiling tiling_;
  int64_t room_ = 0, landings_ = 0;
};

class ToomCall final : public Call {
 public:
  ToomCall(const ToomWeights& weights, bool float64, ToomTiling tiling);

 private:
  void job(const Packed& packed, const void* x, void* y, int64_t number, void* scratch) const override;
  template <class T>
  void job_as(const KernelsOf<T>& kernels, const Packed& packed, const void* x, void* y, int64_t number,
              void* scratch) const;
  std::shared_ptr<const ToomLayout> layout_;
  ToomTiling tiling_;
  int64_t room_ = 0;
};

}  // namespace deconvs
