// The phase kernel. One job: the window of a tile of positions, then for every block of output channels and every
// combination of phases a product of packed weights with that window, woven into whole rows of the output.
//
//   x  ->  window [channel][position]  ->  results [channel, phase][position]  ->  rows of y
//          zeros outside, in L2            register tiles, in L1 or L2            phases woven, bias, activation

// Steps (channels and taps) that are summed in registers at most, before the sums go to memory and other steps come.
constexpr int64_t kMostSteps = 4096;
// Of a tile of one vector, which has few products to hide loads behind: what it reads stays in L1 for all rows.
constexpr int64_t kNarrowSteps = 384;

template <class T>
struct PhaseRun {
  const PhaseLayout& layout;
  const PhaseTiling& tiling;
  const T* packed;
  const T* bias;  // one per output channel, of all groups
  const T* x;
  T* y;
  Activation activation;
  T slope;
};

// Where a tile lies.
struct Tile {
  int64_t image, images, group, position[kMaxAxes];
};

template <class T>
static Tile tile_of(const PhaseRun<T>& run, int64_t number) {
  Tile tile;
  const PhaseTiling& t = run.tiling;
  for (int axis = run.layout.axes - 1; axis >= 0; --axis) {
    const int64_t blocks = (t.positions[axis] + t.block[axis] - 1) / t.block[axis];
    tile.position[axis] = number % blocks * t.block[axis];
    number /= blocks;
  }
  tile.group = number % run.layout.groups;
  tile.image = number / run.layout.groups * t.images;
  tile.images = smaller(t.images, t.batch - tile.image);
  return tile;
}

template <class T>
static void fill(const PhaseRun<T>& run, const Tile& tile, int64_t channel, int64_t channels, T* window) {
  const PhaseTiling& t = run.tiling;
  int64_t first[kMaxAxes];
  for (int axis = 0; axis < run.layout.axes; ++axis) first[axis] = tile.position[axis] + t.window_low[axis];
  if (t.images % kLanes<T> == 0 && tile.images == t.images && t.x_strides[1 + run.layout.axes] == 1) {
    const T* x = run.x + tile.image * t.x_strides[0] + (tile.group * run.layout.channels_in + channel) * t.x_strides[1];
    const Source<T> source{x, run.layout.axes, t.input.data(), t.x_strides.data() + 1, first, t.window.data(),
                           t.window_pitch.data()};
    for (size_t copy = 0; copy < t.copies.size(); ++copy) {
      first[run.layout.axes - 1] = tile.position[run.layout.axes - 1] + t.copies[copy];
      fill_interleaved(source, t.x_strides[0], window + int64_t(copy) * t.copy_pitch, t.channel_pitch, channels, t.images);
    }
    return;
  }
  for (int64_t image = 0; image < tile.images; ++image) {
    const T* x = run.x + (tile.image + image) * t.x_strides[0] +
                 (tile.group * run.layout.channels_in + channel) * t.x_strides[1];
    const Source<T> source{x, run.layout.axes, t.input.data(), t.x_strides.data() + 1, first, t.window.data(),
                           t.window_pitch.data()};
    for (size_t copy = 0; copy < t.copies.size(); ++copy) {
      first[run.layout.axes - 1] = tile.position[run.layout.axes - 1] + t.copies[copy];
      fill_window(source, window + int64_t(copy) * t.copy_pitch + image, t.channel_pitch, channels, t.images);
    }
  }
}

// Whether a tap reads nothing but zeros outside the input, for all positions of row `row` of a tile.
template <class T>
static bool outside(const PhaseRun<T>& run, const Tile& tile, const TapClass& which, int tap, int64_t row) {
  const PhaseTiling& t = run.tiling;
  for (int axis = run.layout.axes - 2; axis >= 0; --axis) {
    const int64_t at = tile.position[axis] + row % t.block[axis] + which.shift[tap * run.layout.axes + axis];
    if (at < 0 || at >= t.input[axis]) return true;
    row /= t.block[axis];
  }
  return false;
}

// Multiply one (channel block, unit) with the channels in the window, into `results`.
template <class T>
static void multiply(const PhaseRun<T>& run, const Tile& tile, int64_t block, const Unit& unit, const T* weights,
                     int64_t channel, int64_t channels, const T* window, T* results, int64_t positions, int64_t* off) {
  const PhaseTiling& t = run.tiling;
  const int64_t outs = smaller(run.layout.channel_block, run.layout.channels_out - block * run.layout.channel_block);
  for (size_t k = 0; k < unit.classes.size(); ++k) {
    const TapClass& which = unit.classes[k];
    for (int tap = 0; tap < which.taps; ++tap) {
      const int last = run.layout.axes - 1;
      off[tap] = t.shifts[which.shift[tap * run.layout.axes + last]];
      for (int axis = 0; axis < last; ++axis)
        off[tap] += (which.shift[tap * run.layout.axes + axis] - t.window_low[axis]) * t.window_pitch[axis];
    }
    const Panels panels(outs * int64_t(which.phases.size()), run.layout.panel_rows);
    for (size_t chunk = 0; chunk < t.chunks.size(); chunk += 4) {
      const int64_t* at = t.chunks.data() + chunk;
      if (at[1] >= positions) break;
      // Zeros are not multiplied where the first or the last taps read nothing else.
      int begin = 0, end = which.taps;
      if (at[3] >= 0) {
        while (begin < end && outside(run, tile, which, begin, at[3])) ++begin;
        while (begin < end && outside(run, tile, which, end - 1, at[3])) --end;
      }
      const int64_t some = larger(8, (at[2] == 1 ? kNarrowSteps : kMostSteps) / larger(1, which.taps));
      for (int64_t start = 0; start < channels; start += some) {
        const int64_t count = smaller(some, channels - start);
        const T* b = window + at[0] + start * t.channel_pitch;
        const T* a = weights + (channel + start) * which.taps * panels.rows(0);
        T* c = results + at[1];
        for (int64_t panel = 0; panel < panels.count; ++panel) {
          const int64_t rows = panels.rows(panel);
          micro_for<T>(rows, at[2])(a + begin * rows, which.taps * rows, b, t.channel_pitch, count, off + begin,
                                    end - begin, c, t.temp_pitch, channel + start > 0);
          a += run.layout.channels_in * which.taps * rows;
          if (panel + 1 < panels.count) a += (channel + start) * which.taps * (panels.rows(panel + 1) - rows);
          c += rows * t.temp_pitch;
        }
      }
    }
    weights += run.layout.channels_in * which.taps * outs * int64_t(which.phases.size());
    results += outs * int64_t(which.phases.size()) * t.temp_pitch;
  }
}

// Write the rows of one (channel block, unit) from its results.
template <class T>
static void write(const PhaseRun<T>& run, const Tile& tile, int64_t block, const Unit& unit, const T* results,
                  const T** from) {
  const PhaseTiling& t = run.tiling;
  const int axes = run.layout.axes, last = axes - 1;
  const int64_t stride = run.layout.stride[last];
  const int64_t first = block * run.layout.channel_block;
  const int64_t outs = smaller(run.layout.channel_block, run.layout.channels_out - first);
  const int64_t channel = tile.group * run.layout.channels_out + first;
  const int64_t start = tile.position[last] * stride;
  const int64_t outputs = smaller(t.output[last] - start, t.block[last] * stride);
  const int64_t step = t.y_strides[2 + last];
  // The first row of each phase; rows of a class go by channel, then by phase.
  int64_t base = 0;
  for (size_t k = 0; k < unit.classes.size(); ++k) {
    const std::vector<int>& phases = unit.classes[k].phases;
    for (size_t i = 0; i < phases.size(); ++i) from[phases[i]] = results + (base + int64_t(i)) * t.temp_pitch;
    base += outs * int64_t(phases.size());
  }
  int64_t index[kMaxAxes] = {};
  for (size_t row = 0; row < t.rows.size(); ++row) {
    T* to = run.y + tile.image * t.y_strides[0] + channel * t.y_strides[1] + start * step;
    bool inside = true;
    for (int axis = 0; axis < last; ++axis) {
      const int64_t at = (tile.position[axis] + index[axis]) * run.layout.stride[axis] + unit.offset[axis];
      inside = inside && at < t.output[axis];
      to += at * t.y_strides[2 + axis];
    }
    if (inside) {
      const int64_t at = t.rows[row];
      if (t.y_strides[1] == 1 && step != 1 && t.images == 1) {
        for (size_t k = 0; k < unit.classes.size(); ++k) {
          const std::vector<int>& phases = unit.classes[k].phases;
          for (size_t i = 0; i < phases.size(); ++i) {
            const int64_t f = phases[i];
            if (f < outputs)
              store_pixels(to + f * step, stride * step, from[f] + at, int64_t(phases.size()) * t.temp_pitch, outs,
                           (outputs - f + stride - 1) / stride, run.bias + channel, run.activation, run.slope);
          }
        }
      } else {
        const T** rows = from + stride;
        for (int64_t f = 0; f < stride; ++f) rows[f] = from[f] + at;
        for (int64_t c = 0; c < outs; ++c) {
          const T bias = run.bias[channel + c];
          if (t.images == 1 && step == 1) {
            store_row(to + c * t.y_strides[1], rows, stride, 0, outputs, bias, run.activation, run.slope, t.past);
          } else if (t.images % kLanes<T> == 0 && tile.images == t.images && step == 1) {
            for (int64_t image = 0; image < t.images; image += kLanes<T>)
              store_images(to + c * t.y_strides[1] + image * t.y_strides[0], t.y_strides[0], rows, image, t.images, stride,
                           outputs, bias, run.activation, run.slope);
          } else {
            for (int64_t image = 0; image < tile.images; ++image) {
              store_spread(to + c * t.y_strides[1] + image * t.y_strides[0], step, rows, t.images, stride, outputs,
                           bias, run.activation, run.slope);
              for (int64_t f = 0; f < stride; ++f) ++rows[f];
            }
            for (int64_t f = 0; f < stride; ++f) rows[f] -= tile.images;
          }
          for (size_t k = 0; k < unit.classes.size(); ++k) {
            const std::vector<int>& phases = unit.classes[k].phases;
            for (size_t i = 0; i < phases.size(); ++i)
              rows[phases[i]] += int64_t(phases.size()) * t.temp_pitch;
          }
        }
      }
    }
    for (int axis = last - 1; axis >= 0 && ++index[axis] == t.block[axis]; --axis) index[axis] = 0;
  }
}

// Where the last position of the tile that is an output ends, in the results.
template <class T>
static int64_t positions_of(const PhaseRun<T>& run, const Tile& tile) {
  const PhaseTiling& t = run.tiling;
  const int last = run.layout.axes - 1;
  int64_t row = 0;
  for (int axis = 0; axis < last; ++axis)
    row = row * t.block[axis] + smaller(t.block[axis], t.positions[axis] - tile.position[axis]) - 1;
  return t.rows[row] + smaller(t.block[last], t.positions[last] - tile.position[last]) * t.images;
}

// One job. `scratch` holds the window, then the results; `tables` pointers and offsets.
template <class T>
static void run_phase(const PhaseRun<T>& run, int64_t job, T* scratch, int64_t* off, const T** from) {
  const PhaseLayout& layout = run.layout;
  const PhaseTiling& t = run.tiling;
  const Tile tile = tile_of(run, job / t.parts);
  const int64_t part = job % t.parts;
  const int64_t units = int64_t(layout.units.size());
  const int64_t blocks = (layout.channels_out + layout.channel_block - 1) / layout.channel_block;
  const int64_t first = blocks * units * part / t.parts, past = blocks * units * (part + 1) / t.parts;
  T* window = scratch;
  T* results = scratch + t.channels_at_once * t.channel_pitch + kSlack;
  const int64_t result_size = layout.channel_block * layout.stride[layout.axes - 1] * t.temp_pitch;
  const int64_t positions = positions_of(run, tile);
  const int64_t all_taps = taps_of(layout);
  const bool whole = t.channels_at_once >= layout.channels_in;
  if (whole) fill(run, tile, 0, layout.channels_in, window);
  for (int64_t start = first; start < past; start += t.units_at_once) {
    const int64_t end = smaller(past, start + t.units_at_once);
    for (int64_t channel = 0; channel < layout.channels_in; channel += t.channels_at_once) {
      const int64_t channels = smaller(t.channels_at_once, layout.channels_in - channel);
      if (!whole) fill(run, tile, channel, channels, window);
      for (int64_t number = start; number < end; ++number) {
        const int64_t block = number / units, unit = number % units;
        const int64_t outs = smaller(layout.channel_block, layout.channels_out - block * layout.channel_block);
        const T* weights = run.packed + (tile.group * layout.channels_out + block * layout.channel_block) * all_taps *
                                            layout.channels_in;
        for (int64_t u = 0; u < unit; ++u) weights += outs * taps_of(layout.units[u]) * layout.channels_in;
        multiply(run, tile, block, layout.units[unit], weights, channel, channels, window,
                 results + (number - start) * result_size, positions, off);
      }
    }
    for (int64_t number = start; number < end; ++number)
      write(run, tile, number / units, layout.units[number % units], results + (number - start) * result_size, from);
  }
}
