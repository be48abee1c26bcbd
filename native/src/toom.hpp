// Fewer products: Toom-Cook (Winograd). One job:
//
//   x -> window of one channel -> planes [plane][channel][tile] -> products [plane][row][tile] -> positions -> rows of y
//        zeros outside            sums of two inputs, axis by axis   a matrix product a plane      sums, axis by axis
//
// Rows are (output channel, phase). A unit is one choice of a branch for every axis; the units that share the outer
// axes' choice are stored together, because their phases alternate within a row of the output.

constexpr int64_t kToomChannels = 384;

template <class T>
struct ToomRun {
  const ToomLayout& layout;
  const ToomTiling& tiling;
  const T* packed;
  const T* bias;
  const T* x;
  T* y;
  Activation activation;
  T slope;
};

struct ToomSizes {
  int64_t window[3], whole, line;   // of a block, per axis: inputs; of one channel; a row taken apart
  int64_t planes, planes2;          // of all axes, of the last two
  int64_t tiles2, tiles;            // of a block of one image: in the last two axes, in all
};

template <class T>
static inline ToomSizes toom_sizes(const ToomLayout& layout, const ToomTiling& t) {
  ToomSizes sizes;
  sizes.whole = sizes.planes = 1;
  for (int axis = 0; axis < 3; ++axis) {
    const ToomKind kind = layout.axes[axis].kind;
    sizes.window[axis] = (t.block[axis] - 1) * outputs_of(kind) + inputs_of(kind);
    sizes.whole *= sizes.window[axis];
    sizes.planes *= planes_of(kind);
  }
  sizes.planes2 = sizes.planes / planes_of(layout.axes[0].kind);
  sizes.tiles2 = t.block[1] * t.block[2];
  sizes.tiles = sizes.tiles2 * t.block[0];
  sizes.line = (t.block[2] / kLanes<T> + 3) * kLanes<T>;
  return sizes;
}

static inline int back_number(const ToomAxis& axis, int branch) { return branch == 1 ? 4 : int(axis.kind); }

// Elements of scratch memory, in the order in which run_toom lays them out.
struct ToomRoom {
  int64_t row, parts, slices, planes, products, half, stored;
  int64_t all() const { return row + parts + slices + planes + products + half + stored + kSlack; }
};

template <class T>
static inline ToomRoom toom_room(const ToomLayout& layout, const ToomTiling& t) {
  const ToomSizes sizes = toom_sizes<T>(layout, t);
  int64_t products = 0, positions = 1, phases = layout.axes[2].stride;
  for (int axis = 0; axis < 3; ++axis) positions *= outputs_of(layout.axes[axis].kind);
  for (int axis = 0; axis < 2; ++axis) {
    const std::vector<ToomBranch>& branches = layout.axes[axis].branches;
    phases *= larger(int64_t(branches[0].phases.size()), int64_t(branches.back().phases.size()));
  }
  ToomUnit unit{};
  do products = larger(products, planes_of(layout, unit) * phases_of(layout, unit));
  while (next_unit(layout, unit));
  ToomRoom room;
  room.row = sizes.window[2] + kSlack;
  room.parts = sizes.window[1] * outputs_of(layout.axes[2].kind) * sizes.line + kSlack;
  room.slices = sizes.window[0] * sizes.planes2 * (sizes.tiles2 + kLanes<T>) + kSlack;
  room.planes = sizes.planes * layout.channels_in * t.pitch + kSlack;
  room.products = products * layout.channel_block * t.pitch + kSlack;
  room.half = 4 * 9 * t.pitch + kSlack;
  room.stored = positions * phases * layout.channel_block * t.pitch + kSlack;
  return room;
}

template <class T>
static void run_toom(const ToomRun<T>& run, int64_t job, T* scratch, const T** from) {
  using Steps = ToomSteps<T>;
  const ToomLayout& layout = run.layout;
  const ToomTiling& t = run.tiling;
  const ToomSizes sizes = toom_sizes<T>(layout, t);
  const ToomRoom room = toom_room<T>(layout, t);
  const ToomAxis* axes = layout.axes.data();
  T* row = scratch;
  T* parts = row + room.row;
  T* slices = parts + room.parts;
  T* planes = slices + room.slices;
  T* products = planes + room.planes;
  T* half = products + room.products;
  T* stored = half + room.half;

  // Which block of tiles, which part of the output channels.
  const int64_t part = job % t.parts;
  int64_t number = job / t.parts, at[3], first[3];
  for (int axis = 2; axis >= 0; --axis) {
    const int64_t blocks = (t.tiles[axis] + t.block[axis] - 1) / t.block[axis];
    at[axis] = number % blocks * t.block[axis];
    number /= blocks;
    first[axis] = t.first_input[axis] + at[axis] * outputs_of(axes[axis].kind);
  }
  const int64_t group = number % layout.groups, image = number / layout.groups * t.images;
  const int64_t images = smaller(t.images, t.batch - image);

  // Planes of every channel, slice by slice of the first axis.
  const int64_t plane_step = layout.channels_in * t.pitch;
  const bool deep = axes[0].kind != ToomKind::single;
  const auto rows_to_planes =
      Steps::rows(int(axes[1].kind) * 4 + int(axes[2].kind), std::make_index_sequence<16>());
  const auto slices_to_planes = Steps::slices(int(axes[0].kind), std::make_index_sequence<4>());
  const int64_t one = 1, row_size = sizes.window[2];
  const int apart = outputs_of(axes[2].kind);
  const int64_t plane2 = sizes.tiles2 + kLanes<T>, slice = sizes.planes2 * plane2;
  for (int64_t c = 0; c < layout.channels_in; ++c)
    for (int64_t i = 0; i < images; ++i) {
      const T* x = run.x + (image + i) * t.x_strides[0] + (group * layout.channels_in + c) * t.x_strides[1];
      T* to = planes + c * t.pitch + i * sizes.tiles;
      for (int64_t z = 0; z < sizes.window[0]; ++z) {
        const int64_t deep_at = first[0] + z;
        for (int64_t y = 0; y < sizes.window[1]; ++y) {
          const int64_t high_at = first[1] + y;
          T* into = parts + y * apart * sizes.line;
          if (deep_at < 0 || deep_at >= t.input[0] || high_at < 0 || high_at >= t.input[1]) {
            clear(into, apart * sizes.line);
            continue;
          }
          const int64_t strides[2] = {0, t.x_strides[4]};
          const Source<T> source{x + deep_at * t.x_strides[2] + high_at * t.x_strides[3], 1, &t.input[2], strides,
                                 &first[2], &row_size, &one};
          fill_window(source, row, row_size, 1, 1);
          if (apart == 3)
            take_apart<T, 3>(row, row_size, into, sizes.line);
          else if (apart == 2)
            take_apart<T, 2>(row, row_size, into, sizes.line);
          else
            take_apart<T, 1>(row, row_size, into, sizes.line);
        }
        if (deep)
          rows_to_planes(parts, sizes.line, t.block[1], t.block[2], slices + z * slice, plane2);
        else
          rows_to_planes(parts, sizes.line, t.block[1], t.block[2], to + z * sizes.tiles2, plane_step);
      }
      if (deep)
        slices_to_planes(slices, slice, sizes.planes2, plane2, t.block[0], sizes.tiles2, to, plane_step);
    }

  const int64_t blocks = (layout.channels_out + layout.channel_block - 1) / layout.channel_block;
  const int64_t volume = toom_volume(layout);
  const int64_t no_offset = 0;
  const ToomAxis& w = axes[2];
  const int64_t spread = outputs_of(w.kind) * w.stride;  // rows that one row of the output is woven from
  const int64_t deep_positions = outputs_of(axes[0].kind), high_positions = outputs_of(axes[1].kind);
  for (int64_t block = blocks * part / t.parts; block < blocks * (part + 1) / t.parts; ++block) {
    const int64_t outs = smaller(layout.channel_block, layout.channels_out - block * layout.channel_block);
    const int64_t channel = group * layout.channels_out + block * layout.channel_block;
    const T* weights = run.packed + channel * volume * layout.channels_in;
    ToomUnit unit{};
    bool more = true;
    while (more) {
      // All branches of the last axis, then their rows are complete.
      const ToomUnit outer = unit;
      const ToomBranch& deep_branch = axes[0].branches[unit.branch[0]];
      const ToomBranch& high_branch = axes[1].branches[unit.branch[1]];
      const int64_t high_phases = int64_t(high_branch.phases.size());
      const int64_t outer_phases = int64_t(deep_branch.phases.size()) * high_phases;
      do {
        const ToomBranch& branch = w.branches[unit.branch[2]];
        const int64_t here = int64_t(branch.phases.size()), rows = outs * outer_phases * here;
        int64_t many[3], skip[3];
        for (int axis = 0; axis < 3; ++axis) {
          many[axis] = planes_of(axes[axis].kind, unit.branch[axis]);
          skip[axis] = unit.branch[axis] == 1 ? 4 : 0;
        }
        const int64_t many2 = many[1] * many[2];
        const Panels panels(rows, layout.panel_rows);
        for (int64_t plane = 0; plane < many[0] * many2; ++plane) {
          const int64_t index = ((plane / many2 + skip[0]) * planes_of(axes[1].kind) + plane / many[2] % many[1] + skip[1]) *
                                    planes_of(w.kind) + plane % many[2] + skip[2];
          const T* b = planes + index * plane_step;
          T* c = products + plane * rows * t.pitch;
          // So many channels at a time that what a chunk reads of them stays near while all panels go over it.
          for (int64_t start = 0; start < layout.channels_in; start += kToomChannels) {
            const int64_t channels = smaller(kToomChannels, layout.channels_in - start);
            for (int64_t place = 0; place < t.pitch;) {
              const int vectors = int(smaller(t.vectors, (t.pitch - place) / kLanes<T>));
              const T* a = weights;
              for (int64_t panel = 0, r = 0; panel < panels.count; ++panel) {
                const int64_t high = panels.rows(panel);
                micro_for<T>(high, vectors)(a + start * high, high, b + start * t.pitch + place, t.pitch, channels,
                                                 &no_offset, 1, c + r * t.pitch + place, t.pitch, start > 0);
                a += layout.channels_in * high;
                r += high;
              }
              place += vectors * kLanes<T>;
            }
          }
          weights += layout.channels_in * rows;
        }
        const auto back_rows = Steps::back_rows(back_number(axes[1], unit.branch[1]) * 5 + back_number(w, unit.branch[2]),
                                                std::make_index_sequence<25>());
        const auto back_slices = Steps::back_slices(back_number(axes[0], unit.branch[0]), std::make_index_sequence<5>());
        for (int64_t r = 0; r < rows; ++r) {
          // stored: [channel, outer phase][outer position][position, phase of the last axis][tile]
          T* to = stored + (r / here * deep_positions * high_positions * spread + branch.phases[r % here]) * t.pitch;
          const int64_t down = spread * t.pitch, along = w.stride * t.pitch;
          if (deep) {
            const int64_t flat = outputs_of(w.kind) * high_positions * t.pitch;
            for (int64_t plane = 0; plane < many[0]; ++plane)
              back_rows(products + (plane * many2 * rows + r) * t.pitch, rows * t.pitch, half + plane * flat,
                        outputs_of(w.kind) * t.pitch, t.pitch, t.pitch);
            for (int64_t y = 0; y < high_positions; ++y)
              for (int64_t x = 0; x < outputs_of(w.kind); ++x)
                back_slices(half + (y * outputs_of(w.kind) + x) * t.pitch, flat, to + y * down + x * along,
                            high_positions * down, t.pitch);
          } else {
            back_rows(products + r * t.pitch, rows * t.pitch, to, down, along, t.pitch);
          }
        }
        more = next_unit(layout, unit);
      } while (more && unit.branch[2] != 0);

      for (int64_t c = 0; c < outs; ++c)
        for (int64_t phase = 0; phase < outer_phases; ++phase)
          for (int64_t position = 0; position < deep_positions * high_positions; ++position) {
            const T* rows =
                stored + ((c * outer_phases + phase) * deep_positions * high_positions + position) * spread * t.pitch;
            for (int64_t line = 0; line < t.block[0] * t.block[1]; ++line) {
              const int64_t tile[2] = {at[0] + line / t.block[1], at[1] + line % t.block[1]};
              const int64_t out[2] = {
                  t.first_output[0] + (tile[0] * deep_positions + position / high_positions) * axes[0].stride +
                      axes[0].branches[outer.branch[0]].phases[phase / high_phases],
                  t.first_output[1] + (tile[1] * high_positions + position % high_positions) * axes[1].stride +
                      axes[1].branches[outer.branch[1]].phases[phase % high_phases]};
              if (tile[0] >= t.tiles[0] || tile[1] >= t.tiles[1] || out[0] < 0 || out[1] < 0 || out[0] >= t.output[0] ||
                  out[1] >= t.output[1])
                continue;
              const int64_t width = smaller(t.block[2], t.tiles[2] - at[2]);
              for (int64_t i = 0; i < images; ++i) {
                T* y = run.y + (image + i) * t.y_strides[0] + (channel + c) * t.y_strides[1] +
                       out[0] * t.y_strides[2] + out[1] * t.y_strides[3];
                for (int64_t f = 0; f < spread; ++f) from[f] = rows + f * t.pitch + i * sizes.tiles + line * t.block[2];
                store_clipped(y, t.y_strides[4], from, spread, t.first_output[2] + at[2] * spread, width * spread,
                              t.output[2], run.bias[channel + c], run.activation, run.slope, t.past);
              }
            }
          }
    }
  }
}
