// Input windows: the part of x that a tile reads, copied channel by channel into a dense buffer in which everything
// outside the input is zero. Any strides; rows that are contiguous, and pixels whose channels are, go by vectors.

template <class T>
struct Source {
  const T* x;
  int axes;
  const int64_t* input;      // size per axis
  const int64_t* strides;    // channel, then axes
  const int64_t* first;      // per axis: the input position where the window begins; may lie outside
  const int64_t* window;     // per axis: how many positions
  const int64_t* pitch;      // per axis, in the window
};

template <class T>
static void clear(T* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = T(0);
}

// L channels of up to L neighbouring pixels, channels contiguous in x, positions contiguous in the window.
template <class T>
static inline void transpose_block(const T* from, int64_t from_step, T* to, int64_t to_step) {
  constexpr int L = kLanes<T>;
  Vec<T> v[L];
#pragma GCC unroll 16
  for (int i = 0; i < L; ++i) v[i] = load(from + i * from_step);
  weave<T, L>(v);
#pragma GCC unroll 16
  for (int i = 0; i < L; ++i) store(to + i * to_step, v[i]);
}

constexpr int64_t kAhead = 6;

// One row of all channels: `count` pixels that lie in the input, `step` apart in the window.
template <class T>
static void copy_row(const T* from, int64_t channel_stride, int64_t pixel_stride, T* to, int64_t channel_pitch,
                     int64_t channels, int64_t count, int64_t step) {
  constexpr int L = kLanes<T>;
  if (step == 1 && channel_stride == 1 && pixel_stride != 1) {
    int64_t c = 0;
    for (; c + L <= channels; c += L) {
      int64_t i = 0;
      for (; i + L <= count; i += L)
        transpose_block(from + c + i * pixel_stride, pixel_stride, to + c * channel_pitch + i, channel_pitch);
      for (; i < count; ++i)
        for (int k = 0; k < L; ++k) to[(c + k) * channel_pitch + i] = from[c + k + i * pixel_stride];
    }
    for (; c < channels; ++c)
      for (int64_t i = 0; i < count; ++i) to[c * channel_pitch + i] = from[c + i * pixel_stride];
    return;
  }
  for (int64_t c = 0; c < channels; ++c) {
    const T* line = from + c * channel_stride;
    T* into = to + c * channel_pitch;
    if (step == 1 && pixel_stride == 1 && count >= L) {
      // The last vector overlaps the one before it: no element is copied alone.
      const T* ahead = c + kAhead < channels ? line + kAhead * channel_stride : line;
      for (int64_t i = 0; i + L <= count; i += L) {
        __builtin_prefetch(ahead + i);
        store(into + i, load(line + i));
      }
      store(into + count - L, load(line + count - L));
    } else {
      for (int64_t i = 0; i < count; ++i) into[i * step] = line[i * pixel_stride];
    }
  }
}

// Fill `channels` windows, `channel_pitch` apart. `images` lie interleaved in a row: this fills every images-th element.
template <class T>
static void fill_window(const Source<T>& source, T* to, int64_t channel_pitch, int64_t channels, int64_t images) {
  const int last = source.axes - 1;
  int64_t index[kMaxAxes] = {};
  const int64_t low = larger(0, smaller(source.window[last], -source.first[last]));
  const int64_t high = larger(low, smaller(source.window[last], source.input[last] - source.first[last]));
  for (;;) {
    const T* from = source.x;
    T* row = to;
    bool inside = high > low;
    for (int axis = 0; axis < last; ++axis) {
      const int64_t at = source.first[axis] + index[axis];
      inside = inside && at >= 0 && at < source.input[axis];
      from += at * source.strides[1 + axis];
      row += index[axis] * source.pitch[axis];
    }
    const int64_t before = inside ? low : source.window[last], after = inside ? high : source.window[last];
    if (before > 0 || after < source.window[last])
      for (int64_t c = 0; c < channels; ++c) {
        T* line = row + c * channel_pitch;
        for (int64_t i = 0; i < before; ++i) line[i * images] = T(0);
        for (int64_t i = after; i < source.window[last]; ++i) line[i * images] = T(0);
      }
    if (inside)
      copy_row(from + (source.first[last] + low) * source.strides[1 + last], source.strides[0],
               source.strides[1 + last], row + low * images, channel_pitch, channels, high - low, images);
    int axis = last - 1;
    while (axis >= 0 && ++index[axis] == source.window[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}

// Count rows of L images, `from_step` apart, become positions of all of them, `to_step` apart: a transposition, of rows
// that may be shorter than a vector.
template <class T>
static void interleave_row(const T* from, int64_t from_step, T* to, int64_t to_step, int64_t count) {
  constexpr int L = kLanes<T>;
  int64_t i = 0;
  for (; i + L <= count; i += L) transpose_block(from + i, from_step, to + i * to_step, to_step);
  if (i == count) return;
  T rows[L * L], turned[L * L];
  for (int image = 0; image < L; ++image)
    for (int64_t k = i; k < count; ++k) rows[image * L + k - i] = from[image * from_step + k];
  transpose_block(rows, L, turned, L);
  for (int64_t k = i; k < count; ++k) store(to + k * to_step, load(turned + (k - i) * L));
}

// The same as fill_window for `images` images at once, a multiple of the lanes, `image_step` apart in x: positions of all
// of them lie together. Rows must be contiguous in x.
template <class T>
static void fill_interleaved(const Source<T>& source, int64_t image_step, T* to, int64_t channel_pitch, int64_t channels,
                             int64_t images) {
  constexpr int L = kLanes<T>;
  const int last = source.axes - 1;
  const int64_t size = source.window[last];
  int64_t index[kMaxAxes] = {};
  const int64_t low = larger(0, smaller(size, -source.first[last]));
  const int64_t high = larger(low, smaller(size, source.input[last] - source.first[last]));
  for (;;) {
    const T* from = source.x;
    T* row = to;
    bool inside = high > low;
    for (int axis = 0; axis < last; ++axis) {
      const int64_t at = source.first[axis] + index[axis];
      inside = inside && at >= 0 && at < source.input[axis];
      from += at * source.strides[1 + axis];
      row += index[axis] * source.pitch[axis];
    }
    const int64_t before = inside ? low : size, after = inside ? high : size;
    for (int64_t c = 0; c < channels; ++c) {
      T* line = row + c * channel_pitch;
      clear(line, before * images);
      clear(line + after * images, (size - after) * images);
      if (inside)
        for (int64_t image = 0; image < images; image += L)
          interleave_row(from + c * source.strides[0] + image * image_step + source.first[last] + low, image_step,
                         line + low * images + image, images, high - low);
    }
    int axis = last - 1;
    while (axis >= 0 && ++index[axis] == source.window[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}
