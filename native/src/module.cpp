// The Python module deconvs._native: arrays come in with strides that src/deconvs/run/ has checked, geometry as integers.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <string>

#include "bindings.hpp"
#include "calls.hpp"
#include "isa.hpp"
#include "pool.hpp"
#include "roofline.hpp"

namespace nb = nanobind;
using namespace deconvs;

namespace {

using Ints = std::vector<int64_t>;
using Numbers = std::vector<double>;

// One entry of a dictionary; a missing one is a KeyError.
template <class T>
T entry(const nb::dict& from, const char* key) {
  return nb::cast<T>(from[key]);
}

PhaseLayout phase_layout(const nb::dict& from) {
  PhaseLayout layout;
  layout.stride = entry<Ints>(from, "stride");
  layout.axes = int(layout.stride.size());
  layout.groups = entry<int64_t>(from, "groups");
  layout.channels_in = entry<int64_t>(from, "channels_in");
  layout.channels_out = entry<int64_t>(from, "channels_out");
  layout.channel_block = entry<int64_t>(from, "channel_block");
  layout.panel_rows = entry<int>(from, "panel_rows");
  layout.kernel_volume = entry<int64_t>(from, "kernel_volume");
  for (nb::handle item : entry<nb::list>(from, "units")) {
    const nb::dict source = nb::cast<nb::dict>(item);
    Unit unit;
    unit.offset = entry<Ints>(source, "offset");
    for (nb::handle one : entry<nb::list>(source, "classes")) {
      const nb::dict parts = nb::cast<nb::dict>(one);
      unit.classes.push_back({entry<std::vector<int>>(parts, "phases"), entry<Ints>(parts, "shift"),
                              entry<Ints>(parts, "kernel"), entry<int>(parts, "taps")});
    }
    layout.units.push_back(std::move(unit));
  }
  return layout;
}

PhaseTiling phase_tiling(const nb::dict& from) {
  PhaseTiling t;
  t.batch = entry<int64_t>(from, "batch");
  t.images = entry<int64_t>(from, "images");
  t.input = entry<Ints>(from, "input");
  t.output = entry<Ints>(from, "output");
  t.positions = entry<Ints>(from, "positions");
  t.x_strides = entry<Ints>(from, "x_strides");
  t.y_strides = entry<Ints>(from, "y_strides");
  t.block = entry<Ints>(from, "block");
  t.window = entry<Ints>(from, "window");
  t.window_low = entry<Ints>(from, "window_low");
  t.window_pitch = entry<Ints>(from, "window_pitch");
  t.copies = entry<Ints>(from, "copies");
  t.shifts = entry<Ints>(from, "shifts");
  t.copy_pitch = entry<int64_t>(from, "copy_pitch");
  t.channels_at_once = entry<int64_t>(from, "channels_at_once");
  t.channel_pitch = entry<int64_t>(from, "channel_pitch");
  t.temp_pitch = entry<int64_t>(from, "temp_pitch");
  t.units_at_once = entry<int64_t>(from, "units_at_once");
  t.parts = entry<int64_t>(from, "parts");
  t.past = entry<bool>(from, "past");
  t.chunks = entry<Ints>(from, "chunks");
  t.rows = entry<Ints>(from, "rows");
  return t;
}

GemmTiling gemm_tiling(const nb::dict& from) {
  GemmTiling t;
  t.batch = entry<int64_t>(from, "batch");
  t.images = entry<int64_t>(from, "images");
  t.input = entry<Ints>(from, "input");
  t.output = entry<Ints>(from, "output");
  t.x_strides = entry<Ints>(from, "x_strides");
  t.y_strides = entry<Ints>(from, "y_strides");
  t.strips = entry<Ints>(from, "strips");
  t.outer = entry<Ints>(from, "outer");
  t.along = entry<Ints>(from, "along");
  t.chunk = entry<int64_t>(from, "chunk");
  t.places = entry<int64_t>(from, "places");
  t.first_output = entry<int64_t>(from, "first_output");
  t.rows = entry<int64_t>(from, "rows");
  t.channels_at_once = entry<int64_t>(from, "channels_at_once");
  t.channel_pitch = entry<int64_t>(from, "channel_pitch");
  t.pitch = entry<int64_t>(from, "pitch");
  t.parts = entry<int64_t>(from, "parts");
  t.vectors = entry<int>(from, "vectors");
  t.past = entry<bool>(from, "past");
  return t;
}

ToomLayout toom_layout(const nb::dict& from) {
  ToomLayout layout;
  layout.groups = entry<int64_t>(from, "groups");
  layout.channels_in = entry<int64_t>(from, "channels_in");
  layout.channels_out = entry<int64_t>(from, "channels_out");
  layout.channel_block = entry<int64_t>(from, "channel_block");
  layout.panel_rows = entry<int>(from, "panel_rows");
  for (nb::handle item : entry<nb::list>(from, "axes")) {
    const nb::dict source = nb::cast<nb::dict>(item);
    ToomAxis axis;
    axis.stride = entry<int64_t>(source, "stride");
    axis.kernel_size = entry<int64_t>(source, "kernel_size");
    axis.kind = ToomKind(entry<int>(source, "kind"));
    for (nb::handle one : entry<nb::list>(source, "branches")) {
      const nb::dict parts = nb::cast<nb::dict>(one);
      axis.branches.push_back({entry<std::vector<int>>(parts, "phases"), entry<std::vector<int>>(parts, "taps"),
                               entry<Numbers>(parts, "points")});
    }
    layout.axes.push_back(std::move(axis));
  }
  return layout;
}

ToomTiling toom_tiling(const nb::dict& from) {
  ToomTiling t;
  t.axes = entry<int>(from, "axes");
  t.batch = entry<int64_t>(from, "batch");
  t.input = entry<Ints>(from, "input");
  t.output = entry<Ints>(from, "output");
  t.x_strides = entry<Ints>(from, "x_strides");
  t.y_strides = entry<Ints>(from, "y_strides");
  t.tiles = entry<Ints>(from, "tiles");
  t.first_input = entry<Ints>(from, "first_input");
  t.first_output = entry<Ints>(from, "first_output");
  t.count = entry<int64_t>(from, "count");
  t.pitch = entry<int64_t>(from, "pitch");
  t.channels_at_once = entry<int64_t>(from, "channels_at_once");
  t.parts = entry<int64_t>(from, "parts");
  t.past = entry<bool>(from, "past");
  t.vectors = entry<int>(from, "vectors");
  return t;
}

// What an array must look like: a plan is made for one shape and one set of strides.
template <class Array>
void expect(const Array& array, nb::dlpack::dtype type, const Ints& sizes, const Ints& strides, const char* name) {
  bool fits = array.dtype() == type && array.ndim() == sizes.size();
  for (size_t i = 0; fits && i < sizes.size(); ++i)
    fits = int64_t(array.shape(i)) == sizes[i] && (sizes[i] == 1 || array.stride(i) == strides[i]);
  if (!fits) throw std::invalid_argument(std::string(name) + " is not the array that this plan was made for");
}

nb::ndarray<nb::numpy, uint8_t, nb::ndim<1>> empty(size_t bytes) {
  void* data = take(bytes);
  const nb::capsule owner(data, [](void* left) noexcept { give(left); });
  return nb::ndarray<nb::numpy, uint8_t, nb::ndim<1>>(data, {bytes}, owner);
}

using Dense = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

Packed pack(const Layout& layout, Dense weight, Dense bias, int activation, double slope, int threads) {
  const bool wide = weight.dtype() == nb::dtype<double>();
  if (!wide && weight.dtype() != nb::dtype<float>()) throw std::invalid_argument("weight is no floating-point array");
  if (bias.dtype() != weight.dtype() || int64_t(bias.size()) != layout.outputs())
    throw std::invalid_argument("bias does not fit the weight");
  if (int64_t(weight.size()) != layout.weights()) throw std::invalid_argument("weight does not fit the layout");
  nb::gil_scoped_release release;
  return layout.pack(wide, weight.data(), bias.data(), Epilogue{Activation(activation), slope}, threads);
}

void call(const Call& self, const Packed& packed, const nb::ndarray<nb::ro, nb::device::cpu>& x,
          const nb::ndarray<nb::device::cpu>& out, int threads) {
  const auto type = self.float64() ? nb::dtype<double>() : nb::dtype<float>();
  expect(x, type, self.x_shape(), self.x_strides(), "x");
  expect(out, type, self.y_shape(), self.y_strides(), "out");
  nb::gil_scoped_release release;
  self.run(packed, x.data(), out.data(), threads);
}

}  // namespace

NB_MODULE(_native, m) {
  m.doc() = "The native core of deconvs: geometry arrives as finished integers.";
  nb::set_leak_warnings(false);
  bind_machine(m);

  m.def("available", [] {
    std::vector<std::string> names;
    for (Isa isa : available()) names.emplace_back(name(isa));
    return names;
  }, "Instruction sets that were built and that this processor has.");
  m.def("chosen", [] { return std::string(name(chosen())); }, "The instruction set that new plans use.");
  m.def("default_threads", &default_threads, "Threads that a call uses unless it says otherwise.");
#ifdef __clang__
  m.def("compiler", [] { return std::string("Clang " __clang_version__); }, "What the core was compiled with.");
#else
  m.def("compiler", [] { return std::string("GCC " __VERSION__); }, "What the core was compiled with.");
#endif
  m.def("vectors", [](const std::string& isa) {
    const Kernels& kernels = kernels_of(isa);
    Ints most;
    for (int rows = 1; rows <= kernels.most_rows; ++rows) most.push_back(kernels.most_vectors(rows));
    return nb::make_tuple(kernels.bytes, kernels.registers, most, products_per_cycle(isa_named(isa)));
  }, nb::arg("isa"), "(bytes of a vector, registers, most vectors of a register tile beside 1, 2, ... rows, multiply-adds of "
                     "vectors a cycle).");

  m.def("measure_flops", &measure_flops, nb::arg("threads"), nb::arg("float64"), nb::arg("seconds"),
        nb::call_guard<nb::gil_scoped_release>(), "Floating-point operations a second that multiply-adds reach.");
  m.def("measure_bandwidth", &measure_bandwidth, nb::arg("threads"), nb::arg("seconds"),
        nb::call_guard<nb::gil_scoped_release>(), "Bytes a second that reading and writing memory reach.");

  m.def("empty", &empty, nb::arg("bytes"), "Uninitialised bytes; memory that large arrays leave is used again.");

  nb::class_<Packed>(m, "Packed").def_prop_ro("bytes", &Packed::bytes).def_ro("finite", &Packed::finite);

  nb::class_<Layout>(m, "Layout")
      .def("pack", &pack, nb::arg("weight"), nb::arg("bias"), nb::arg("activation"), nb::arg("slope"),
           nb::arg("threads"));
  nb::class_<PhaseWeights, Layout>(m, "PhaseWeights")
      .def("__init__", [](PhaseWeights* self, const std::string& isa, const nb::dict& layout) {
        new (self) PhaseWeights(kernels_of(isa), phase_layout(layout));
      }, nb::arg("isa"), nb::arg("layout"));
  nb::class_<ToomWeights, Layout>(m, "ToomWeights")
      .def("__init__", [](ToomWeights* self, const std::string& isa, const nb::dict& layout) {
        new (self) ToomWeights(kernels_of(isa), toom_layout(layout));
      }, nb::arg("isa"), nb::arg("layout"));

  nb::class_<Call>(m, "Call")
      .def_prop_ro("jobs", &Call::jobs)
      .def_prop_ro("scratch_bytes", &Call::scratch_bytes)
      .def("__call__", &call, nb::arg("packed"), nb::arg("x"), nb::arg("out"), nb::arg("threads"));
  nb::class_<PhaseCall, Call>(m, "PhaseCall")
      .def("__init__", [](PhaseCall* self, const PhaseWeights& weights, bool float64, const nb::dict& tiling) {
        new (self) PhaseCall(weights, float64, phase_tiling(tiling));
      }, nb::arg("weights"), nb::arg("float64"), nb::arg("tiling"));
  nb::class_<GemmCall, Call>(m, "GemmCall")
      .def("__init__", [](GemmCall* self, const PhaseWeights& weights, bool float64, const nb::dict& tiling) {
        new (self) GemmCall(weights, float64, gemm_tiling(tiling));
      }, nb::arg("weights"), nb::arg("float64"), nb::arg("tiling"));
  nb::class_<ToomCall, Call>(m, "ToomCall")
      .def("__init__", [](ToomCall* self, const ToomWeights& weights, bool float64, const nb::dict& tiling) {
        new (self) ToomCall(weights, float64, toom_tiling(tiling));
      }, nb::arg("weights"), nb::arg("float64"), nb::arg("tiling"));
}
