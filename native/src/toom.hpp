// Fewer products: Toom-Cook (Winograd). One job, some tiles of all that the images have, in order:
//
//   x -> rows of inputs -> planes [plane][channel][tile] -> products [plane][row][tile] -> positions -> rows of y
//        zeros outside     sums of two inputs, axis by axis  a matrix product a plane      sums, axis by axis
//
// Rows of weights and products are (output channel, phase). A unit is one choice of a branch for every axis; the units
// that share the outer axes' choice are computed together, because their phases alternate within a row of the output.

// Channels that are multiplied at once: what a register tile reads of them stays in L1 while all rows go over it.
constexpr int64_t kToomChannels = 128;

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

// Tiles of a job that lie in one row of one image.
struct ToomRow {
  int64_t image, tile[3], width, place;
};

// Those of tiles first .. first + count - 1; returns how many.
static int64_t toom_rows(const ToomTiling& t, int64_t first, int64_t count, ToomRow* rows) {
  int64_t found = 0;
  for (int64_t place = 0; place < count; ++found) {
    int64_t number = first + place;
    ToomRow& row = rows[found];
    for (int axis = 2; axis >= 0; --axis) {
      row.tile[axis] = number % t.tiles[axis];
      number /= t.tiles[axis];
    }
    row.image = number;
    row.width = smaller(count - place, t.tiles[2] - row.tile[2]);
    row.place = place;
    place += row.width;
  }
  return found;
}

static inline int back_number(const ToomAxis& axis, int branch) { return branch == 1 ? 4 : int(axis.kind); }

static inline int64_t planes_of(const ToomLayout& layout) {
  int64_t planes = 1;
  for (const ToomAxis& axis : layout.axes) planes *= planes_of(axis.kind);
  return planes;
}

// Elements of scratch memory, in the order in which run_toom lays them out.
struct ToomRoom {
  int64_t line, plane2, slice;  // of a row taken apart; of a row of tiles in a plane of the last two axes; of all of these
  int64_t row, parts, slices, planes, products, half, stored;
  int64_t all() const { return row + parts + slices + planes + products + half + stored + kSlack; }
};

template <class T>
static inline ToomRoom toom_room(const ToomLayout& layout, const ToomTiling& t) {
  constexpr int64_t L = kLanes<T>;
  const ToomAxis* axes = layout.axes.data();
  const int64_t width = smaller(t.count, t.tiles[2]), vectors = (width + L - 1) / L;
  int64_t products = 0, positions = 1;
  for (int axis = 0; axis < 3; ++axis) positions *= outputs_of(axes[axis].kind);
  ToomUnit unit{};
  bool more = true;
  while (more) {
    int64_t together = 0;
    do {
      together += planes_of(layout, unit) * phases_of(layout, unit);
      more = next_unit(layout, unit);
    } while (more && unit.branch[2] != 0);
    products = larger(products, together);
  }
  ToomRoom room;
  room.line = (vectors + 3) * L;
  room.plane2 = vectors * L;
  room.slice = planes_of(layout) / planes_of(axes[0].kind) * room.plane2;
  room.row = vectors * L * outputs_of(axes[2].kind) + 4 * L + kSlack;
  room.parts = inputs_of(axes[1].kind) * outputs_of(axes[2].kind) * room.line + kSlack;
  room.slices = (axes[0].kind == ToomKind::single ? 0 : inputs_of(axes[0].kind) * room.slice) + kSlack;
  room.planes = planes_of(layout) * (t.channels_at_once * t.pitch + L) + kSlack;
  room.products = products * layout.channel_block * t.pitch + kSlack;
  room.half = 4 * 9 * t.pitch + kSlack;
  room.stored = positions * axes[2].stride * t.pitch + kSlack;
  return room;
}

// Inputs start .. start + size - 1 of a row, zeros outside.
template <class T>
static inline void toom_inputs(const T* from, int64_t step, int64_t input, int64_t start, int64_t size, T* row) {
  const int64_t low = larger(0, smaller(size, -start)), high = larger(low, smaller(size, input - start));
  clear(row, low);
  if (step == 1 && high > low)
    std::memcpy(row + low, from + start + low, size_t(high - low) * sizeof(T));
  else
    for (int64_t i = low; i < high; ++i) row[i] = from[(start + i) * step];
  clear(row + high, size - high);
}

// Planes of some input channels for rows of tiles. Whole vectors are written, in rising order: what runs over the end of a
// row is written over by the next row or channel.
template <class T>
static void fill_planes(const ToomRun<T>& run, const ToomRoom& room, const ToomRow* rows, int64_t count, int64_t group,
                      int64_t channel, int64_t channels, T* scratch, T* planes, int64_t plane_step) {
  using Steps = ToomSteps<T>;
  const ToomTiling& t = run.tiling;
  const ToomAxis* axes = run.layout.axes.data();
  T* row = scratch;
  T* parts = row + room.row;
  T* slices = parts + room.parts;
  const bool deep = axes[0].kind != ToomKind::single;
  const auto rows_to_planes =
      Steps::rows(int(axes[1].kind) * 4 + int(axes[2].kind), std::make_index_sequence<16>());
  const auto slices_to_planes = Steps::slices(int(axes[0].kind), std::make_index_sequence<4>());
  const int apart = outputs_of(axes[2].kind);
  const int64_t planes2 = planes_of(run.layout) / planes_of(axes[0].kind);
  for (int64_t c = 0; c < channels; ++c)
    for (const ToomRow* at = rows; at < rows + count; ++at) {
      const T* x = run.x + at->image * t.x_strides[0] + (group * run.layout.channels_in + channel + c) * t.x_strides[1];
      T* to = planes + c * t.pitch + at->place;
      int64_t first[3];
      for (int axis = 0; axis < 3; ++axis)
        first[axis] = t.first_input[axis] + at->tile[axis] * outputs_of(axes[axis].kind);
      const int64_t size = (at->width - 1) * apart + inputs_of(axes[2].kind);
      for (int z = 0; z < inputs_of(axes[0].kind); ++z) {
        const int64_t deep_at = first[0] + z;
        for (int y = 0; y < inputs_of(axes[1].kind); ++y) {
          const int64_t high_at = first[1] + y;
          T* into = parts + y * apart * room.line;
          if (deep_at < 0 || deep_at >= t.input[0] || high_at < 0 || high_at >= t.input[1]) {
            clear(into, apart * room.line);
            continue;
          }
          toom_inputs(x + deep_at * t.x_strides[2] + high_at * t.x_strides[3], t.x_strides[4], t.input[2], first[2], size,
                      row);
          if (apart == 3)
            take_apart<T, 3>(row, size, into, room.line);
          else if (apart == 2)
            take_apart<T, 2>(row, size, into, room.line);
          else
            take_apart<T, 1>(row, size, into, room.line);
        }
        if (deep)
          rows_to_planes(parts, room.line, at->width, slices + z * room.slice, room.plane2);
        else
          rows_to_planes(parts, room.line, at->width, to, plane_step);
      }
      if (deep) slices_to_planes(slices, room.slice, planes2, room.plane2, at->width, to, plane_step);
    }
}

// Products of one unit's planes with some input channels; `products` of a plane lie `rows` times the pitch apart.
template <class T>
static void multiply_planes(const ToomRun<T>& run, const ToomUnit& unit, int64_t rows, const T* weights, int64_t channel,
                     int64_t channels, const T* planes, int64_t plane_step, int64_t vectors, T* products) {
  const ToomLayout& layout = run.layout;
  const ToomTiling& t = run.tiling;
  const ToomAxis* axes = layout.axes.data();
  int64_t many[3], skip[3];
  for (int axis = 0; axis < 3; ++axis) {
    many[axis] = planes_of(axes[axis].kind, unit.branch[axis]);
    skip[axis] = unit.branch[axis] == 1 ? 4 : 0;
  }
  const int64_t many2 = many[1] * many[2], no_offset = 0;
  const Panels panels(rows, layout.panel_rows), pieces(vectors, t.vectors);
  for (int64_t plane = 0; plane < many[0] * many2; ++plane) {
    const int64_t index = ((plane / many2 + skip[0]) * planes_of(axes[1].kind) + plane / many[2] % many[1] + skip[1]) *
                              planes_of(axes[2].kind) + plane % many[2] + skip[2];
    const T* b = planes + index * plane_step;
    T* c = products + plane * rows * t.pitch;
    for (int64_t start = 0; start < channels; start += kToomChannels) {
      const int64_t some = smaller(kToomChannels, channels - start);
      for (int64_t place = 0, piece = 0; piece < pieces.count; ++piece) {
        const int64_t here = pieces.rows(piece);
        const T* a = weights;
        for (int64_t panel = 0, r = 0; panel < panels.count; ++panel) {
          const int64_t high = panels.rows(panel);
          micro_for<T>(high, here)(a + (channel + start) * high, high, b + start * t.pitch + place * kLanes<T>, t.pitch, some,
                                   &no_offset, 1, c + r * t.pitch + place * kLanes<T>, t.pitch, channel + start > 0);
          a += layout.channels_in * high;
          r += high;
        }
        place += here;
      }
    }
    weights += layout.channels_in * rows;
  }
}

// Products of one row (output channel, phase) back to positions: [outer position][position, phase of the last axis][tile].
template <class T>
static void back_to_positions(const ToomLayout& layout, const ToomUnit& unit, const T* products, int64_t rows, int64_t pitch,
                         int64_t size, T* half, T* to) {
  using Steps = ToomSteps<T>;
  const ToomAxis* axes = layout.axes.data();
  const auto back_rows = Steps::back_rows(back_number(axes[1], unit.branch[1]) * 5 + back_number(axes[2], unit.branch[2]),
                                          std::make_index_sequence<25>());
  const int64_t positions = outputs_of(axes[2].kind), high_positions = outputs_of(axes[1].kind);
  const int64_t along = axes[2].stride * pitch, down = positions * along, step = rows * pitch;
  if (axes[0].kind == ToomKind::single) return back_rows(products, step, to, down, along, size);
  const auto back_slices = Steps::back_slices(back_number(axes[0], unit.branch[0]), std::make_index_sequence<5>());
  const int64_t many2 = planes_of(axes[1].kind, unit.branch[1]) * planes_of(axes[2].kind, unit.branch[2]);
  const int64_t flat = positions * high_positions * pitch;
  for (int64_t plane = 0; plane < planes_of(axes[0].kind, unit.branch[0]); ++plane)
    back_rows(products + plane * many2 * step, step, half + plane * flat, positions * pitch, pitch, size);
  for (int64_t y = 0; y < high_positions; ++y)
    for (int64_t x = 0; x < positions; ++x)
      back_slices(half + (y * positions + x) * pitch, flat, to + y * down + x * along, high_positions * down, size);
}

// Rows of y of one output channel and phase of the outer axes, from positions. Tiles of all rows are woven together, so
// that vectors are whole where rows are short.
template <class T>
static void store_rows(const ToomRun<T>& run, const ToomRow* rows, int64_t count, int64_t tiles, int64_t channel,
                       const int64_t* residue, const T* stored, const T** from) {
  const ToomTiling& t = run.tiling;
  const ToomAxis* axes = run.layout.axes.data();
  const int64_t spread = outputs_of(axes[2].kind) * axes[2].stride;  // rows that one row of the output is woven from
  const int64_t high_positions = outputs_of(axes[1].kind), step = t.y_strides[4];
  alignas(64) T woven[8 * kMostTiles];
  const bool together = step == 1 && tiles * spread <= 8 * kMostTiles;
  for (int64_t position = 0; position < outputs_of(axes[0].kind) * high_positions; ++position, stored += spread * t.pitch) {
    if (together) {
      for (int64_t f = 0; f < spread; ++f) from[f] = stored + f * t.pitch;
      weave_some(woven, from, 0, spread, 0, tiles * spread, run.bias[channel], run.activation, run.slope, false);
    }
    for (const ToomRow* at = rows; at < rows + count; ++at) {
      const int64_t deep = t.first_output[0] + residue[0] +
                           (at->tile[0] * outputs_of(axes[0].kind) + position / high_positions) * axes[0].stride;
      const int64_t high = t.first_output[1] + residue[1] +
                           (at->tile[1] * high_positions + position % high_positions) * axes[1].stride;
      if (deep < 0 || high < 0 || deep >= t.output[0] || high >= t.output[1]) continue;
      T* y = run.y + at->image * t.y_strides[0] + channel * t.y_strides[1] + deep * t.y_strides[2] + high * t.y_strides[3];
      const int64_t start = t.first_output[2] + at->tile[2] * spread, outputs = at->width * spread;
      if (together) {
        const int64_t low = larger(0, -start), end = smaller(outputs, t.output[2] - start);
        if (low < end) copy_out(y + start + low, woven + at->place * spread + low, end - low, t.past);
      } else {
        for (int64_t f = 0; f < spread; ++f) from[f] = stored + f * t.pitch + at->place;
        store_clipped(y, step, from, spread, start, outputs, t.output[2], run.bias[channel], run.activation, run.slope,
                      t.past);
      }
    }
  }
}

template <class T>
static void run_toom(const ToomRun<T>& run, int64_t job, T* scratch, const T** from) {
  const ToomLayout& layout = run.layout;
  const ToomTiling& t = run.tiling;
  const ToomRoom room = toom_room<T>(layout, t);
  const ToomAxis* axes = layout.axes.data();
  T* planes = scratch + room.row + room.parts + room.slices;
  T* products = planes + room.planes;
  T* half = products + room.products;
  T* stored = half + room.half;

  const int64_t part = job % t.parts;
  const int64_t all = t.batch * t.tiles[0] * t.tiles[1] * t.tiles[2], cuts = (all + t.count - 1) / t.count;
  const int64_t group = job / t.parts / cuts, first = job / t.parts % cuts * t.count;
  const int64_t tiles = smaller(t.count, all - first);
  const int64_t vectors = (tiles + kLanes<T> - 1) / kLanes<T>, size = vectors * kLanes<T>;
  ToomRow rows[kMostTiles];
  const int64_t count = toom_rows(t, first, tiles, rows);

  const int64_t plane_step = t.channels_at_once * t.pitch + kLanes<T>;
  const bool whole = t.channels_at_once >= layout.channels_in;
  if (whole) fill_planes(run, room, rows, count, group, 0, layout.channels_in, scratch, planes, plane_step);

  const int64_t blocks = (layout.channels_out + layout.channel_block - 1) / layout.channel_block;
  const int64_t volume = toom_volume(layout);
  for (int64_t block = blocks * part / t.parts; block < blocks * (part + 1) / t.parts; ++block) {
    const int64_t outs = smaller(layout.channel_block, layout.channels_out - block * layout.channel_block);
    const int64_t channel = group * layout.channels_out + block * layout.channel_block;
    const T* weights = run.packed + channel * volume * layout.channels_in;
    ToomUnit outer{};
    for (bool more = true; more;) {
      // All branches of the last axis, then their rows are complete.
      ToomUnit unit = outer;
      const T* past = weights;
      for (int64_t c = 0; c < layout.channels_in; c += t.channels_at_once) {
        const int64_t some = smaller(t.channels_at_once, layout.channels_in - c);
        if (!whole) fill_planes(run, room, rows, count, group, c, some, scratch, planes, plane_step);
        unit = outer;
        past = weights;
        T* to = products;
        do {
          const int64_t high = outs * phases_of(layout, unit), many = planes_of(layout, unit);
          multiply_planes(run, unit, high, past, c, some, planes, plane_step, vectors, to);
          past += many * high * layout.channels_in;
          to += many * high * t.pitch;
          more = next_unit(layout, unit);
        } while (more && unit.branch[2] != 0);
      }
      const ToomUnit next = unit;
      weights = past;

      const ToomBranch& deep = axes[0].branches[outer.branch[0]];
      const ToomBranch& high = axes[1].branches[outer.branch[1]];
      const int64_t outer_phases = int64_t(deep.phases.size() * high.phases.size());
      for (int64_t r = 0; r < outs * outer_phases; ++r) {
        const T* products_at = products;
        unit = outer;
        for (size_t branch = 0; branch < axes[2].branches.size(); ++branch) {
          unit.branch[2] = int(branch);
          const std::vector<int>& phases = axes[2].branches[branch].phases;
          const int64_t here = int64_t(phases.size()), all_rows = outs * outer_phases * here;
          for (int64_t i = 0; i < here; ++i)
            back_to_positions(layout, unit, products_at + (r * here + i) * t.pitch, all_rows, t.pitch, size, half,
                         stored + phases[size_t(i)] * t.pitch);
          products_at += planes_of(layout, unit) * all_rows * t.pitch;
        }
        const int64_t phase = r % outer_phases;
        const int64_t residue[2] = {deep.phases[size_t(phase) / high.phases.size()],
                                    high.phases[size_t(phase) % high.phases.size()]};
        store_rows(run, rows, count, tiles, channel + r / outer_phases, residue, stored, from);
      }
      outer = next;
    }
  }
}
