// Weights as the kernels read them. w is (C_in, C_out/groups, *kernel), contiguous; what is packed goes by panels of the
// register tile's rows.
//
// Of a block of output channels, some input channels [start, end): whoever calls this goes over all blocks with the same few
// input channels, so that the memory of each is read in order.

struct Panels {
  int64_t count, short_rows, longer;  // `longer` panels have one row more
  Panels(int64_t rows, int most)
      : count((rows + most - 1) / most), short_rows(count > 0 ? rows / count : 0), longer(count > 0 ? rows % count : 0) {}
  int64_t rows(int64_t panel) const { return short_rows + (panel < longer); }
};

// Rows of weights that a unit has per output channel and input channel, all its classes together.
static inline int64_t taps_of(const Unit& unit) {
  int64_t taps = 0;
  for (size_t i = 0; i < unit.classes.size(); ++i) taps += int64_t(unit.classes[i].phases.size()) * unit.classes[i].taps;
  return taps;
}

static inline int64_t taps_of(const PhaseLayout& layout) {
  int64_t taps = 0;
  for (size_t i = 0; i < layout.units.size(); ++i) taps += taps_of(layout.units[i]);
  return taps;
}

// Pack the weights of one block of output channels: [unit][class][panel][channel][tap][row].
template <class T>
static void pack_phase(const PhaseLayout& layout, const T* w, T* packed, int64_t group, int64_t block, int64_t start,
                       int64_t end) {
  const int64_t first = block * layout.channel_block;
  const int64_t outs = smaller(layout.channel_block, layout.channels_out - first);
  const int64_t channel_step = layout.channels_out * layout.kernel_volume;
  w += group * layout.channels_in * channel_step + first * layout.kernel_volume;
  packed += (group * layout.channels_out + first) * taps_of(layout) * layout.channels_in;
  T* panel_at = packed;
  for (size_t u = 0; u < layout.units.size(); ++u)
    for (size_t k = 0; k < layout.units[u].classes.size(); ++k) {
      const TapClass& which = layout.units[u].classes[k];
      const int64_t phases = int64_t(which.phases.size());
      const Panels panels(outs * phases, layout.panel_rows);
      for (int64_t panel = 0, row = 0; panel < panels.count; ++panel) {
        const int64_t rows = panels.rows(panel), size = which.taps * rows;
        for (int tap = 0; tap < which.taps;) {
          // [tap][row]: where among an input channel's weights, -1 for a zero
          int64_t places[kMostRows * 128];
          const int64_t some = smaller(which.taps - tap, 128), count = some * rows;
          bool full = true;
          T* to = panel_at + start * size + tap * rows;
          for (int64_t r = 0; r < rows; ++r) {
            const int64_t* kernel = which.kernel.data() + (row + r) % phases * which.taps + tap;
            const int64_t base = (row + r) / phases * layout.kernel_volume;
            for (int64_t i = 0; i < some; ++i) {
              full = full && kernel[i] >= 0;
              places[i * rows + r] = kernel[i] < 0 ? -1 : base + kernel[i];
            }
          }
          tap += int(some);
          for (int64_t c = start; c < end; ++c, to += size) {
            const T* from = w + c * channel_step;
            if (full)
              for (int64_t i = 0; i < count; ++i) to[i] = from[places[i]];
            else
              for (int64_t i = 0; i < count; ++i) to[i] = places[i] < 0 ? T(0) : from[places[i]];
          }
        }
        panel_at += layout.channels_in * size;
        row += rows;
      }
    }
}

struct ToomUnit {
  int branch[3];
};

static inline int64_t planes_of(const ToomLayout& layout, const ToomUnit& unit) {
  int64_t planes = 1;
  for (int axis = 0; axis < 3; ++axis) planes *= planes_of(layout.axes[axis].kind, unit.branch[axis]);
  return planes;
}

static inline int64_t phases_of(const ToomLayout& layout, const ToomUnit& unit) {
  int64_t phases = 1;
  for (int axis = 0; axis < 3; ++axis) phases *= int64_t(layout.axes[axis].branches[unit.branch[axis]].phases.size());
  return phases;
}

// The next unit in order, the last axis first; false after the last.
static inline bool next_unit(const ToomLayout& layout, ToomUnit& unit) {
  for (int axis = 2; axis >= 0; --axis) {
    if (++unit.branch[axis] < int(layout.axes[axis].branches.size())) return true;
    unit.branch[axis] = 0;
  }
  return false;
}

// Packed elements per output and input channel.
static inline int64_t toom_volume(const ToomLayout& layout) {
  int64_t total = 0;
  ToomUnit unit{};
  do total += planes_of(layout, unit) * phases_of(layout, unit);
  while (next_unit(layout, unit));
  return total;
}

// A panel's rows side by side.
template <class T>
struct RowsOf {
  static constexpr int W = 8;
  static_assert(kMostRows <= W);
  typedef T type __attribute__((vector_size(W * sizeof(T))));
};

constexpr int kMostPoints = 12;                    // planes times places of an axis
constexpr int kMostPlaces = 27, kMostPlanes = 64;  // of three axes

// One axis from places to planes: from [before][place][after] to [before][plane][after].
template <class T, int Places>
static void weights_to_planes(const T* points, int64_t planes, const typename RowsOf<T>::type* from,
                              typename RowsOf<T>::type* to, int64_t before, int64_t after) {
  for (int64_t b = 0; b < before; ++b, from += Places * after)
    for (int64_t p = 0; p < planes; ++p)
      for (int64_t a = 0; a < after; ++a) {
        typename RowsOf<T>::type sum = points[p * Places] * from[a];
#pragma GCC unroll 4
        for (int u = 1; u < Places; ++u) sum += points[p * Places + u] * from[u * after + a];
        *to++ = sum;
      }
}

// Pack the weights of one block of output channels: [unit][plane][panel][channel][row].
template <class T>
static void pack_toom(const ToomLayout& layout, const T* w, T* packed, int64_t group, int64_t block, int64_t start,
                      int64_t end) {
  using Rows = typename RowsOf<T>::type;
  const int64_t first = block * layout.channel_block;
  const int64_t outs = smaller(layout.channel_block, layout.channels_out - first);
  int64_t volume = 1;
  for (int axis = 0; axis < 3; ++axis) volume *= layout.axes[axis].kernel_size;
  const int64_t channel_step = layout.channels_out * volume;
  w += group * layout.channels_in * channel_step + first * volume;
  packed += (group * layout.channels_out + first) * toom_volume(layout) * layout.channels_in;
  T* unit_at = packed;
  ToomUnit unit{};
  do {
    const ToomBranch* branch[3];
    T points[3][kMostPoints];
    int64_t many[3], planes = 1, phases = 1;
    int places = 1, count_of[3];
    for (int axis = 0; axis < 3; ++axis) {
      branch[axis] = &layout.axes[axis].branches[unit.branch[axis]];
      many[axis] = planes_of(layout.axes[axis].kind, unit.branch[axis]);
      planes *= many[axis];
      phases *= int64_t(branch[axis]->phases.size());
      count_of[axis] = branch[axis]->places();
      places *= count_of[axis];
      for (size_t i = 0; i < branch[axis]->points.size(); ++i) points[axis][i] = T(branch[axis]->points[i]);
    }
    const Panels panels(outs * phases, layout.panel_rows);
    const int64_t plane_step = outs * phases * layout.channels_in;
    for (int64_t panel = 0, row = 0; panel < panels.count; ++panel) {
      const int64_t rows = panels.rows(panel);
      // [place][row]: where among an input channel's weights, -1 for none. Rows that a panel lacks repeat the last.
      int64_t at[kMostPlaces * RowsOf<T>::W];
      bool full = true;
      for (int64_t r = 0; r < RowsOf<T>::W; ++r) {
        const int64_t which = row + smaller(r, rows - 1), base = which / phases * volume;
        const int* taps[3];
        int64_t phase = which % phases;
        for (int axis = 2; axis >= 0; --axis) {
          const int64_t count = int64_t(branch[axis]->phases.size());
          taps[axis] = branch[axis]->taps.data() + phase % count * count_of[axis];
          phase /= count;
        }
        int64_t* to = at + r;
        for (int u0 = 0; u0 < count_of[0]; ++u0)
          for (int u1 = 0; u1 < count_of[1]; ++u1)
            for (int u2 = 0; u2 < count_of[2]; ++u2, to += RowsOf<T>::W) {
              const bool has = taps[0][u0] >= 0 && taps[1][u1] >= 0 && taps[2][u2] >= 0;
              const int64_t tap =
                  (taps[0][u0] * layout.axes[1].kernel_size + taps[1][u1]) * layout.axes[2].kernel_size + taps[2][u2];
              *to = has ? base + tap : -1;
              full = full && has;
            }
      }
      T* to = unit_at + row * layout.channels_in;
      for (int64_t c = start; c < end; ++c) {
        const T* from = w + c * channel_step;
        Rows one[kMostPlanes], other[kMostPlanes];
        for (int place = 0; place < places; ++place) {
          const int64_t* j = at + place * RowsOf<T>::W;
          if (full) {
            one[place] = Rows{from[j[0]], from[j[1]], from[j[2]], from[j[3]], from[j[4]], from[j[5]], from[j[6]], from[j[7]]};
          } else {
            for (int r = 0; r < RowsOf<T>::W; ++r) one[place][r] = j[r] < 0 ? T(0) : from[j[r]];
          }
        }
        Rows *now = one, *next = other;
        int64_t before = places, after = 1;
        for (int axis = 2; axis >= 0; --axis) {
          const int here = count_of[axis];
          before /= here;
          if (here == 1 && many[axis] == 1) continue;
          if (here == 1)
            weights_to_planes<T, 1>(points[axis], many[axis], now, next, before, after);
          else if (here == 2)
            weights_to_planes<T, 2>(points[axis], many[axis], now, next, before, after);
          else
            weights_to_planes<T, 3>(points[axis], many[axis], now, next, before, after);
          after *= many[axis];
          std::swap(now, next);
        }
        T* into = to + c * rows;
        for (int64_t plane = 0; plane < planes; ++plane, into += plane_step) {
          if (rows == RowsOf<T>::W)
            std::memcpy(into, &now[plane], sizeof now[plane]);
          else
            for (int64_t r = 0; r < rows; ++r) into[r] = now[plane][r];
        }
      }
      row += rows;
    }
    unit_at += planes * plane_step;
  } while (next_unit(layout, unit));
}
