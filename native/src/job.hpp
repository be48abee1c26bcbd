// What a kernel is told: geometry as finished integers, made by the planners of src/deconvs/run. No formula stands here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace deconvs {

constexpr int kMaxAxes = 16;

// What is done to an output before it is stored, after the bias.
enum class Activation : int { none = 0, relu = 1, leaky_relu = 2 };

// Phases whose taps meet the input at the same places; their rows (output channel, phase) share panels of weights.
struct TapClass {
  std::vector<int> phases;        // last-axis phases f of the unit that are in this class
  std::vector<int64_t> shift;     // [tap][axis]: which input, relative to the position, the tap reads; of the last axis
                                  // the number of that shift among all that occur
  std::vector<int64_t> kernel;    // [phase][tap]: flat index into the kernel, -1 where the phase has no such tap
  int taps = 0;
};

// One combination of phases of all axes but the last, with every phase of the last: it owns whole rows of the output.
struct Unit {
  std::vector<int64_t> offset;    // per outer axis: outputs are at position * stride + offset
  std::vector<TapClass> classes;
};

// How weights are laid out for the phase kernel: size-free.
struct PhaseLayout {
  int axes = 0;
  int64_t groups = 1, channels_in = 1, channels_out = 1;  // channels of one group
  int64_t kernel_volume = 1;
  int64_t channel_block = 1;      // output channels that a unit computes at once
  int panel_rows = 1;             // rows of a register tile at most
  std::vector<int64_t> stride;
  std::vector<Unit> units;
};

// How one input size is cut up.
struct PhaseTiling {
  int64_t batch = 1, images = 1;  // images interleaved into the row of a tile
  std::vector<int64_t> input, output, positions;            // per axis
  std::vector<int64_t> x_strides, y_strides;                // batch, channel, axes; in elements
  std::vector<int64_t> block, window, window_low, window_pitch;  // per axis; the pitch counts elements
  // Copies of the window, each beginning at another shift of the last axis: then every tap reads whole aligned vectors.
  std::vector<int64_t> copies;    // the shifts at which they begin
  std::vector<int64_t> shifts;    // [shift of the last axis]: where in a channel's windows it is read
  int64_t copy_pitch = 0;         // elements of one copy
  int64_t channels_at_once = 1;   // input channels whose window is held at once
  int64_t channel_pitch = 1;      // elements of one channel's window
  int64_t temp_pitch = 1;         // elements of one row of results
  int64_t units_at_once = 1;      // (channel block, unit) pairs whose results are held at once
  int64_t parts = 1;              // into how many jobs the output channels of a tile are split
  int vectors = 1;                // vectors of a register tile at most
  bool past = false;              // results are stored past the caches
  std::vector<int64_t> chunks;    // [chunk][4]: where in the window, where in the results, how many vectors, of which row
                                  // of the block, or -1 of several
  std::vector<int64_t> rows;      // per outer position of a block: where its results begin
};

// Products of every input with every tap, added up where they land: a matrix product and overlap-add. The weights lie as
// those of a phase kernel whose one class has a phase for each tap.
//
// Sums of a row of outputs are held by phase of the last axis: place p, phase f is output first_output + p * stride + f.
struct GemmTiling {
  int64_t batch = 1, images = 1;  // images of a tile
  std::vector<int64_t> input, output, x_strides, y_strides;
  std::vector<int64_t> strips;    // [strip][4]: inputs of the first axis, begin and end; its outputs, or the places where
                                  // it is the only axis, begin and end
  std::vector<int64_t> outer;     // [tap][axis but the last]: the output of input 0
  std::vector<int64_t> along;     // [tap][2]: the place of input 0 of the last axis, may be negative; the phase
  int64_t chunk = 1;              // inputs of the first axis at once
  int64_t places = 1;             // of a row of sums; of one axis, of the longest strip
  int64_t first_output = 0;       // 0 or less
  int64_t rows = 1;               // of sums of the longest strip
  int64_t channels_at_once = 1;   // input channels that are held at once
  int64_t channel_pitch = 1;      // elements of one channel's inputs
  int64_t pitch = 1;              // elements of one row of products
  int64_t parts = 1;              // into how many jobs the output channels of a tile are split
  int vectors = 1;                // vectors of a register tile at most
  bool past = false;              // results are stored past the caches
};

// Fewer products: Toom-Cook (Winograd). In full positions q every phase of an axis sees the same inputs, so that one
// transform of the input serves all phases. An axis is cut into tiles of some positions; toom.hpp has the transforms.
enum class ToomKind : int {
  single = 0,  // every phase has one tap: tiles of one position, nothing is transformed
  three = 1,   // two taps a phase: tiles of three positions
  two = 2,     // three taps in some phase, else two: tiles of two positions
  mixed = 3,   // two taps in some phases, one in others, which take the inputs as they are: tiles of three positions
};

// Phases that use the same planes: of a mixed axis those with two taps, then those with one; else all.
struct ToomBranch {
  std::vector<int> phases;        // residues r: output position q * stride + r - crop
  std::vector<int> taps;          // [phase][place of the window]: which tap meets it, -1 for none
  std::vector<double> points;     // [plane][place]: the factors of these taps
  int places() const { return int(taps.size() / phases.size()); }
};

struct ToomAxis {
  int64_t stride = 1, kernel_size = 1;
  ToomKind kind = ToomKind::single;
  std::vector<ToomBranch> branches;
};

// Always three axes; those that a geometry lacks have one position.
struct ToomLayout {
  int64_t groups = 1, channels_in = 1, channels_out = 1;  // channels of one group
  int64_t channel_block = 1;
  int panel_rows = 1;
  std::vector<ToomAxis> axes;
};

// Tiles are numbered over images and axes; a job computes so many that follow each other.
struct ToomTiling {
  int axes = 3;                   // that the arrays have; the others come first
  int64_t batch = 1;
  std::vector<int64_t> input, output, x_strides, y_strides;
  std::vector<int64_t> tiles;                 // per axis, of one image
  std::vector<int64_t> first_input;           // per axis: the input where the window of tile 0 begins
  std::vector<int64_t> first_output;          // per axis: the output at position 0 of tile 0, residue 0; may be negative
  int64_t count = 1;              // tiles of a job, at most kMostTiles
  int64_t pitch = 1;              // elements of a row of them, whole vectors
  int64_t channels_at_once = 1;   // input channels whose planes are held at once
  int64_t parts = 1;              // into how many jobs the output channels are split
  bool past = false;              // results are stored past the caches
  int vectors = 1;                // vectors of a register tile at most
};

constexpr int64_t kMostTiles = 256;

struct Epilogue {
  Activation activation = Activation::none;
  double slope = 0;
};

}  // namespace deconvs
