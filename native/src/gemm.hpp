// Products of every input with every tap, added up where they land. One job:
//
//   x  ->  inputs [channel][position]  ->  products [output channel, tap][position]  ->  sums by phase  ->  rows of y
//          nothing but x, in L2            register tiles                                row by row         woven
//
// Nothing is multiplied outside the input, which is much of a small one, and all taps are rows of one register tile, however
// few output channels there are. Each product costs an addition more than in the phase kernel.
//
// Taps come in falling order along the first axis, so that an output sums its inputs in rising order, however it is cut.

template <class T>
struct GemmRun {
  const PhaseLayout& layout;
  const GemmTiling& tiling;
  const T* packed;
  const T* bias;
  const T* x;
  T* y;
  Activation activation;
  T slope;
};

// Elements of scratch memory, in the order in which run_gemm lays them out.
struct GemmRoom {
  int64_t inputs, products, sums;
  int64_t all() const { return inputs + products + sums; }
};

static inline GemmRoom gemm_room(const PhaseLayout& layout, const GemmTiling& t) {
  GemmRoom room;
  room.inputs = t.channels_at_once * t.channel_pitch + kSlack;
  room.products = layout.channel_block * layout.kernel_volume * t.pitch + kSlack;
  room.sums = layout.channel_block * t.images * t.rows * layout.stride.back() * t.places + kSlack;
  return room;
}

// A row of products and the row of sums that it belongs to.
struct Landing {
  int64_t from, to, count;
};

// How many rows of products there are of one tap.
static inline int64_t landings_of(const GemmTiling& t) {
  int64_t rows = t.images;
  if (t.input.size() > 1) {
    rows *= t.chunk;
    for (size_t axis = 1; axis + 1 < t.input.size(); ++axis) rows *= t.input[axis];
  }
  return rows;
}

// Where the products of one tap land, of the inputs [begin, end) of the first axis; returns how many rows do.
static inline int64_t find_landings(const PhaseLayout& layout, const GemmTiling& t, const int64_t* strip, int64_t tap,
                                    int64_t begin, int64_t end, int64_t images, int64_t result_size, Landing* found) {
  const int last = layout.axes - 1;
  const bool line = last == 0;
  const int64_t stride = layout.stride[last], low = line ? strip[2] : 0, high = line ? strip[3] : t.places;
  const int64_t first = line ? begin : 0, past = line ? end : t.input[last];
  // Input i of the last axis goes to place `place` + i, if that is one of ours.
  const int64_t place = t.along[2 * tap], phase = t.along[2 * tap + 1];
  const int64_t from = larger(first, low - place), to = smaller(past, high - place);
  if (from >= to) return 0;
  const int64_t width = past - first;
  int64_t index[kMaxAxes] = {begin}, count = 0, position = 0;
  int64_t rows = 1;
  for (int axis = 1; axis < last; ++axis) rows *= t.input[axis];
  if (!line) rows *= end - begin;
  for (int64_t row = 0; row < rows; ++row, position += width) {
    bool inside = true;
    int64_t at = 0;
    for (int axis = 0; axis < last; ++axis) {
      int64_t o = index[axis] * layout.stride[axis] + t.outer[tap * last + axis], size = t.output[axis];
      if (axis == 0) {
        inside = inside && o >= strip[2] && o < strip[3];
        o -= strip[2];
      } else {
        inside = inside && o >= 0 && o < size;
        at *= size;
      }
      at += o;
    }
    if (inside)
      found[count++] = {position + from - first, (at * stride + phase) * t.places + place + from - low, to - from};
    for (int axis = last - 1; axis >= 0 && ++index[axis] == (axis == 0 ? end : t.input[axis]); --axis)
      index[axis] = axis == 0 ? begin : 0;
  }
  for (int64_t image = 1; image < images; ++image)
    for (int64_t row = 0; row < count; ++row)
      found[image * count + row] = {found[row].from + image * position, found[row].to + image * result_size,
                                    found[row].count};
  return images * count;
}

template <class T>
static inline void add_row(T* to, const T* from, int64_t count) {
  constexpr int L = kLanes<T>;
  int64_t i = 0;
  for (; i + L <= count; i += L) store(to + i, load(to + i) + load(from + i));
  if (i == count) return;
  // What lies behind the row gets zeros added: other sums, or nobody's.
  using Numbers = decltype(Vec<T>{} < Vec<T>{});
  Numbers lane;
  for (int k = 0; k < L; ++k) lane[k] = k;
  const Numbers left = Numbers{} + decltype(lane[0] + 0)(count - i);
  store(to + i, load(to + i) + (lane < left ? load(from + i) : Vec<T>{}));
}

// So many positions that are left beside whole vectors are computed one by one, with vectors over rows instead: the square
// of an odd size is one more than a multiple of 8.
constexpr int64_t kMostLeft = 4;
constexpr int kPanelsAtOnce = 8;

// One position, some panels: as the register tile sums, channel by channel.
template <class T>
static void one_position(const T* const* a, const int64_t* rows, int panels, const T* b, int64_t step, int64_t channels,
                         T* c, int64_t c_step, bool add) {
  constexpr int W = 8;  // rows of a panel, or more: what comes after them is not stored
  static_assert(kMostRows <= W);
  typedef T Rows __attribute__((vector_size(W * sizeof(T))));
  typedef T Loose __attribute__((vector_size(W * sizeof(T)), aligned(alignof(T)), may_alias));
  Rows sum[kPanelsAtOnce];
  int64_t first[kPanelsAtOnce], row = 0;
  for (int p = 0; p < kPanelsAtOnce; ++p) {
    sum[p] = Rows{};
    first[p] = row;
    if (p < panels) {
      for (int64_t r = 0; add && r < rows[p]; ++r) sum[p][r] = c[(row + r) * c_step];
      row += rows[p];
    }
  }
  const auto all = [&](auto count) __attribute__((always_inline)) {
    constexpr int N = decltype(count)::value;
    for (int64_t channel = 0; channel < channels; ++channel) {
      const Rows x = b[channel * step] - Rows{};
#pragma GCC unroll 16
      for (int p = 0; p < N; ++p) sum[p] += *reinterpret_cast<const Loose*>(a[p] + channel * rows[p]) * x;
    }
  };
  switch (panels) {
#define DECONVS_PANELS(n)                    \
  case n:                                    \
    all(std::integral_constant<int, n>{});   \
    break;
    DECONVS_PANELS(1)
    DECONVS_PANELS(2)
    DECONVS_PANELS(3)
    DECONVS_PANELS(4)
    DECONVS_PANELS(5)
    DECONVS_PANELS(6)
    DECONVS_PANELS(7)
    DECONVS_PANELS(8)
#undef DECONVS_PANELS
  }
  for (int p = 0; p < panels; ++p)
    for (int64_t r = 0; r < rows[p]; ++r) c[(first[p] + r) * c_step] = sum[p][r];
}

template <class T>
static void run_gemm(const GemmRun<T>& run, int64_t job, T* scratch, Landing* landings, const T** from) {
  const PhaseLayout& layout = run.layout;
  const GemmTiling& t = run.tiling;
  const int last = layout.axes - 1;
  const bool line = last == 0;
  const GemmRoom room = gemm_room(layout, t);
  T* inputs = scratch;
  T* products = inputs + room.inputs;
  T* sums = products + room.products;

  const int64_t strips = int64_t(t.strips.size()) / 4;
  const int64_t part = job % t.parts, number = job / t.parts;
  const int64_t* strip = t.strips.data() + number % strips * 4;
  const int64_t group = number / strips % layout.groups, image = number / strips / layout.groups * t.images;
  const int64_t images = smaller(t.images, t.batch - image);
  const int64_t taps = layout.kernel_volume, stride = layout.stride[last];
  const int64_t blocks = (layout.channels_out + layout.channel_block - 1) / layout.channel_block;
  const int64_t begin = strip[0], end = strip[1];
  int64_t plane = 1;  // positions of one input of the first axis
  for (int axis = 1; axis <= last; ++axis) plane *= t.input[axis];
  int64_t rows = line ? 1 : strip[3] - strip[2];
  for (int axis = 1; axis < last; ++axis) rows *= t.output[axis];
  const int64_t result_size = rows * stride * t.places;
  const bool whole = t.channels_at_once >= layout.channels_in && t.chunk >= end - begin;

  const auto fill = [&](int64_t at, int64_t count, int64_t channel, int64_t channels) {
    int64_t first[kMaxAxes] = {at}, window[kMaxAxes], pitch[kMaxAxes], size = 1;
    for (int axis = last; axis >= 0; --axis) {
      window[axis] = axis == 0 ? count : t.input[axis];
      pitch[axis] = size;
      size *= window[axis];
    }
    for (int64_t i = 0; i < images; ++i) {
      const T* x = run.x + (image + i) * t.x_strides[0] + (group * layout.channels_in + channel) * t.x_strides[1];
      const Source<T> source{x, layout.axes, t.input.data(), t.x_strides.data() + 1, first, window, pitch};
      fill_window(source, inputs + i * size, t.channel_pitch, channels, 1);
    }
  };
  if (whole && end > begin) fill(begin, end - begin, 0, layout.channels_in);

  const int64_t no_offset = 0;
  for (int64_t block = blocks * part / t.parts; block < blocks * (part + 1) / t.parts; ++block) {
    const int64_t outs = smaller(layout.channel_block, layout.channels_out - block * layout.channel_block);
    const int64_t channel = group * layout.channels_out + block * layout.channel_block;
    const T* weights = run.packed + channel * taps * layout.channels_in;
    const Panels panels(outs * taps, layout.panel_rows);
    clear(sums, outs * images * result_size);
    for (int64_t at = begin; at < end; at += t.chunk) {
      const int64_t count = smaller(t.chunk, end - at);
      const int64_t positions = images * count * plane, left = positions % kLanes<T>;
      const int64_t alone = left <= kMostLeft ? left : 0;
      const Panels pieces((positions - alone + kLanes<T> - 1) / kLanes<T>, t.vectors);
      for (int64_t c = 0; c < layout.channels_in; c += t.channels_at_once) {
        const int64_t channels = smaller(t.channels_at_once, layout.channels_in - c);
        if (!whole) fill(at, count, c, channels);
        for (int64_t start = 0; start < channels; start += kMostSteps) {
          const int64_t some = smaller(kMostSteps, channels - start);
          for (int64_t v = 0, piece = 0; piece < pieces.count; ++piece) {
            const int64_t width = pieces.rows(piece);
            const T* a = weights;
            T* to = products + v * kLanes<T>;
            for (int64_t panel = 0; panel < panels.count; ++panel) {
              const int64_t high = panels.rows(panel);
              micro_for<T>(high, width)(a + (c + start) * high, high, inputs + start * t.channel_pitch + v * kLanes<T>,
                                        t.channel_pitch, some, &no_offset, 1, to, t.pitch, c + start > 0);
              a += layout.channels_in * high;
              to += high * t.pitch;
            }
            v += width;
          }
          if (alone == 0) continue;
          const T* a = weights;
          T* to = products + positions - alone;
          for (int64_t panel = 0; panel < panels.count;) {
            const T* from[kPanelsAtOnce];
            int64_t high[kPanelsAtOnce], sum = 0;
            int many = 0;
            for (; many < kPanelsAtOnce && panel < panels.count; ++many, ++panel) {
              high[many] = panels.rows(panel);
              from[many] = a + (c + start) * high[many];
              a += layout.channels_in * high[many];
              sum += high[many];
            }
            for (int64_t i = 0; i < alone; ++i)
              one_position(from, high, many, inputs + start * t.channel_pitch + positions - alone + i, t.channel_pitch,
                           some, to + i, t.pitch, c + start > 0);
            to += sum * t.pitch;
          }
        }
      }
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t many = find_landings(layout, t, strip, tap, at, at + count, images, result_size, landings);
        for (int64_t c = 0; c < outs; ++c) {
          const T* row = products + (c * taps + tap) * t.pitch;
          T* to = sums + c * images * result_size;
          for (int64_t i = 0; i < many; ++i) add_row(to + landings[i].to, row + landings[i].from, landings[i].count);
        }
      }
    }

    const int64_t start = t.first_output + (line ? strip[2] * stride : 0);
    const int64_t outputs = (line ? strip[3] - strip[2] : t.places) * stride;
    for (int64_t c = 0; c < outs; ++c)
      for (int64_t i = 0; i < images; ++i)
        for (int64_t row = 0; row < rows; ++row) {
          T* y = run.y + (image + i) * t.y_strides[0] + (channel + c) * t.y_strides[1];
          int64_t left = row;
          for (int axis = last - 1; axis >= 0; --axis) {
            const int64_t size = axis == 0 ? rows : t.output[axis];
            y += (axis == 0 ? left + strip[2] : left % size) * t.y_strides[2 + axis];
            left /= size;
          }
          const T* sum = sums + (c * images + i) * result_size + row * stride * t.places;
          for (int64_t f = 0; f < stride; ++f) from[f] = sum + f * t.places;
          store_clipped(y, t.y_strides[2 + last], from, stride, start, outputs, t.output[last], run.bias[channel + c],
                        run.activation, run.slope, t.past);
        }
  }
}
