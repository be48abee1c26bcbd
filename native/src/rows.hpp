// Storing rows of results: the phases of the last axis are woven together, the bias is added, and each output is
// written once. `from[f]` is the row of phase f; output o is element o / s of phase o % s.

template <class T>
static inline T finish(T value, T bias, Activation activation, T slope) {
  value += bias;
  if (activation == Activation::none) return value;
  const T below = activation == Activation::relu ? T(0) : slope * value;
  return value <= T(0) ? below : value;  // NaN compares false and is kept
}

template <class T>
static inline Vec<T> finish(Vec<T> value, Vec<T> bias, Activation activation, Vec<T> slope) {
  value += bias;
  if (activation == Activation::none) return value;
  const Vec<T> below = activation == Activation::relu ? Vec<T>{} : slope * value;
  return value <= Vec<T>{} ? below : value;
}

// One of the pieces of B elements that a vector has.
template <class T, int B, size_t... I>
static inline void store_piece(T* to, Vec<T> v, std::index_sequence<I...>, int piece) {
  if constexpr (B == 1) {
    *to = v[piece];
  } else {
    typedef T Piece __attribute__((vector_size(B * sizeof(T))));
    typedef T Loose __attribute__((vector_size(B * sizeof(T)), aligned(alignof(T)), may_alias));
    Piece part{};
    // `piece` is a constant wherever this is unrolled.
    switch (piece) {
#define DECONVS_PIECE(n) \
  case n:                \
    if constexpr ((n + 1) * B <= kLanes<T>) part = __builtin_shufflevector(v, v, (n * B + int(I))...); \
    break;
      DECONVS_PIECE(0)
      DECONVS_PIECE(1)
      DECONVS_PIECE(2)
      DECONVS_PIECE(3)
      DECONVS_PIECE(4)
      DECONVS_PIECE(5)
      DECONVS_PIECE(6)
      DECONVS_PIECE(7)
#undef DECONVS_PIECE
    }
    *reinterpret_cast<Loose*>(to) = part;
  }
}

// Less than a vector: two pieces of a size that is known, which may overlap.
template <class T, int B>
static inline void copy_few(T* to, const T* from, int64_t count) {
  if constexpr (B > 0) {
    if (count < B) return copy_few<T, B / 2>(to, from, count);
    T first[B], last[B];
    std::memcpy(first, from, sizeof first);
    std::memcpy(last, from + count - B, sizeof last);
    std::memcpy(to, first, sizeof first);
    std::memcpy(to + count - B, last, sizeof last);
  }
}

// Outputs skip .. outputs - 1 of a row of stride B, contiguous in y from `to` on. Less than a vector is written in pieces;
// `from` may be read, not used, up to a vector past the row.
template <class T, int B>
static void weave_row(T* to, const T* const* from, int64_t begin, int64_t skip, int64_t outputs, T bias,
                      Activation activation, T slope, bool past) {
  constexpr int L = kLanes<T>;
  const Vec<T> biases = broadcast(bias), slopes = broadcast(slope);
  for (int64_t p = 0; p * B < outputs; p += L) {
    Vec<T> v[B];
#pragma GCC unroll 16
    for (int f = 0; f < B; ++f) v[f] = load(from[f] + begin + p);
    weave<T, B>(v);
#pragma GCC unroll 16
    for (int i = 0; i < B; ++i) v[i] = finish<T>(v[i], biases, activation, slopes);
    const int64_t first = larger(0, skip - p * B), end = smaller(B * L, outputs - p * B);
    if (first > 0) {
      T some[B * L];
#pragma GCC unroll 16
      for (int i = 0; i < B; ++i) store(some + i * L, v[i]);
      if (first < end) std::memcpy(to, some + first, size_t(end - first) * sizeof(T));
      to += larger(0, end - first);
      continue;
    }
#pragma GCC unroll 16
    for (int i = 0; i < B; ++i) {
      if (end < (i + 1) * L) {
        T some[L];
        store(some, v[i]);
        if (end > i * L) copy_few<T, L / 2>(to + i * L, some, end - i * L);
        return;
      }
      if (past)
        store_past(to + i * L, v[i]);
      else
        store(to + i * L, v[i]);
    }
    to += B * L;
  }
}

// Phases first .. first + B - 1 of whole vectors of positions; returns how many positions are done.
template <class T, int B>
static int64_t weave_pieces(T* to, const T* const* from, int64_t begin, int64_t stride, int64_t first, int64_t positions,
                            T bias, Activation activation, T slope) {
  constexpr int L = kLanes<T>;
  const Vec<T> biases = broadcast(bias), slopes = broadcast(slope);
  int64_t p = 0;
  for (; p + L <= positions; p += L) {
    Vec<T> v[B];
#pragma GCC unroll 16
    for (int f = 0; f < B; ++f) v[f] = load(from[first + f] + begin + p);
    weave<T, B>(v);
    // Element (position, phase) is now number position * B + phase of the B vectors.
#pragma GCC unroll 16
    for (int i = 0; i < B; ++i) {
      const Vec<T> done = finish<T>(v[i], biases, activation, slopes);
      if constexpr (B == L) {
        store(to + (p + i) * stride + first, done);
      } else {
#pragma GCC unroll 16
        for (int piece = 0; piece < L / B; ++piece)
          store_piece<T, B>(to + (p + i * (L / B) + piece) * stride + first, done, std::make_index_sequence<size_t(B)>(),
                            piece);
      }
    }
  }
  return p;
}

// A row of any stride, phases in powers of two.
template <class T>
static void weave_long(T* to, const T* const* from, int64_t begin, int64_t stride, int64_t outputs, T bias,
                       Activation activation, T slope) {
  constexpr int L = kLanes<T>;
  const int64_t whole = outputs / stride;  // positions of which every phase is an output
  int64_t done = 0;
  for (int64_t f = 0; f < stride;) {
    const int64_t left = stride - f;
    const auto some = [&](auto count) {
      done = weave_pieces<T, decltype(count)::value>(to, from, begin, stride, f, whole, bias, activation, slope);
      f += decltype(count)::value;
    };
    if (L >= 16 && left >= 16)
      some(std::integral_constant<int, L >= 16 ? 16 : 1>{});
    else if (L >= 8 && left >= 8)
      some(std::integral_constant<int, L >= 8 ? 8 : 1>{});
    else if (L >= 4 && left >= 4)
      some(std::integral_constant<int, L >= 4 ? 4 : 1>{});
    else if (left >= 2)
      some(std::integral_constant<int, 2>{});
    else
      some(std::integral_constant<int, 1>{});
  }
  for (int64_t p = done; p < whole; ++p)
    for (int64_t f = 0; f < stride; ++f) to[p * stride + f] = finish(from[f][begin + p], bias, activation, slope);
  for (int64_t f = 0; f < outputs - whole * stride; ++f)
    to[whole * stride + f] = finish(from[f][begin + whole], bias, activation, slope);
}

// Outputs 0 .. outputs - 1 from position `begin` on, without the first `skip`, which only strides up to 8 can leave out.
template <class T>
static void weave_some(T* to, const T* const* from, int64_t begin, int64_t stride, int64_t skip, int64_t outputs, T bias,
                       Activation activation, T slope, bool past) {
  const auto as = [&](auto count) {
    weave_row<T, decltype(count)::value>(to, from, begin, skip, outputs, bias, activation, slope, past);
  };
  switch (stride) {
    case 1:
      return as(std::integral_constant<int, 1>{});
    case 2:
      return as(std::integral_constant<int, 2>{});
    case 3:
      return as(std::integral_constant<int, 3>{});
    case 4:
      return as(std::integral_constant<int, 4>{});
    case 5:
      return as(std::integral_constant<int, 5>{});
    case 6:
      return as(std::integral_constant<int, 6>{});
    case 7:
      return as(std::integral_constant<int, 7>{});
    case 8:
      return as(std::integral_constant<int, 8>{});
    default:
      return weave_long(to, from, begin, stride, outputs, bias, activation, slope);
  }
}

// `count` outputs, past the caches where whole aligned vectors are written: the ends, which share their vectors with other
// rows, are not.
template <class T>
static inline void copy_out(T* to, const T* from, int64_t count, bool past) {
  constexpr int L = kLanes<T>;
  if (count < L) return copy_few<T, L / 2>(to, from, count);
  int64_t i = 0;
  if (past) {
    i = (L - int64_t(reinterpret_cast<uintptr_t>(to) % DECONVS_VECTOR_BYTES / sizeof(T))) % L;
    copy_few<T, L / 2>(to, from, i);
    for (; i + L <= count; i += L) store_past(to + i, load(from + i));
    copy_few<T, L / 2>(to + i, from + i, count - i);
  } else {
    for (; i + L <= count; i += L) store(to + i, load(from + i));
    if (i < count) store(to + count - L, load(from + count - L));
  }
}

constexpr int64_t kPiece = 1024;  // outputs that are woven beside the row before they are copied

// Outputs skip .. outputs - 1 of one row, contiguous in y from `to` on; `past` the caches where that can be.
template <class T>
static void store_row(T* to, const T* const* from, int64_t stride, int64_t skip, int64_t outputs, T bias,
                      Activation activation, T slope, bool past) {
  constexpr int64_t L = kLanes<T>;
  const bool aligned = reinterpret_cast<uintptr_t>(to) % DECONVS_VECTOR_BYTES == 0;
  const bool woven = stride <= 8;
  if (woven && (!past || (aligned && skip == 0)))
    return weave_some(to, from, 0, stride, skip, outputs, bias, activation, slope, past);
  if (!woven && !past && skip == 0) return weave_long(to, from, 0, stride, outputs, bias, activation, slope);
  if (stride * L > kPiece) {
    for (int64_t f = skip; f < smaller(stride, outputs); ++f) *to++ = finish(from[f][0], bias, activation, slope);
    if (outputs > stride) weave_long(to, from, 1, stride, outputs - stride, bias, activation, slope);
    return;
  }
  alignas(64) T piece[kPiece];
  const int64_t some = kPiece / stride / L * L;
  for (int64_t begin = 0; begin * stride < outputs; begin += some, skip = 0) {
    const int64_t end = smaller(some * stride, outputs - begin * stride);
    weave_some(piece, from, begin, stride, 0, end, bias, activation, slope, false);
    copy_out(to, piece + skip, end - skip, past);
    to += end - skip;
  }
}

// The same where outputs of a row are `step` apart in y; results of images are `from_step` apart.
template <class T>
static void store_spread(T* to, int64_t step, const T* const* from, int64_t from_step, int64_t stride,
                         int64_t outputs, T bias, Activation activation, T slope) {
  for (int64_t f = 0; f < smaller(stride, outputs); ++f) {
    const T* row = from[f];
    for (int64_t o = f, p = 0; o < outputs; o += stride, ++p)
      to[o * step] = finish(row[p * from_step], bias, activation, slope);
  }
}

// Outputs start, start + 1, ... of a row, of which those in [0, size) exist.
template <class T>
static void store_clipped(T* row, int64_t step, const T** from, int64_t stride, int64_t start, int64_t outputs,
                          int64_t size, T bias, Activation activation, T slope, bool past) {
  if (start <= -stride) {
    const int64_t beyond = -start / stride;
    for (int64_t f = 0; f < stride; ++f) from[f] += beyond;
    start += beyond * stride;
    outputs -= beyond * stride;
  }
  outputs = smaller(outputs, size - start);
  const int64_t skip = larger(0, -start);
  if (outputs <= skip) return;
  if (step == 1) return store_row(row + start + skip, from, stride, skip, outputs, bias, activation, slope, past);
  for (int64_t f = 0; f < smaller(stride, outputs); ++f) {
    const int64_t first = f < skip;
    for (int64_t o = f + first * stride, p = first; o < outputs; o += stride, ++p)
      row[(start + o) * step] = finish(from[f][p], bias, activation, slope);
  }
}

// The rows of L images, `image_step` apart in y; their results lie together, those of `images` images a position.
template <class T>
static void store_images(T* to, int64_t image_step, const T* const* from, int64_t image, int64_t images, int64_t stride,
                         int64_t outputs, T bias, Activation activation, T slope) {
  constexpr int L = kLanes<T>;
  const Vec<T> biases = broadcast(bias), slopes = broadcast(slope);
  int64_t phase = 0, position = image;
  for (int64_t o = 0; o < outputs; o += L) {
    const int count = int(smaller(L, outputs - o));
    Vec<T> v[L];
    for (int i = 0; i < L; ++i) {
      v[i] = i < count ? finish<T>(load(from[phase] + position), biases, activation, slopes) : Vec<T>{};
      if (++phase == stride) {
        phase = 0;
        position += images;
      }
    }
    weave<T, L>(v);
    if (count == L) {
#pragma GCC unroll 16
      for (int i = 0; i < L; ++i) store(to + i * image_step + o, v[i]);
    } else {
      T rows[L * L];
#pragma GCC unroll 16
      for (int i = 0; i < L; ++i) store(rows + i * L, v[i]);
      for (int i = 0; i < L; ++i)
        copy_few<T, L / 2>(to + i * image_step + o, rows + i * L, count);
    }
  }
}

// One phase of a row for many channels, which are contiguous in y and `pitch` apart in the results.
template <class T>
static void store_pixels(T* to, int64_t step, const T* from, int64_t pitch, int64_t channels, int64_t positions,
                         const T* bias, Activation activation, T slope) {
  constexpr int L = kLanes<T>;
  const Vec<T> slopes = broadcast(slope);
  int64_t c = 0;
  for (; c + L <= channels; c += L) {
    const Vec<T> biases = load(bias + c);
    int64_t p = 0;
    for (; p + L <= positions; p += L) {
      Vec<T> v[L];
#pragma GCC unroll 16
      for (int i = 0; i < L; ++i) v[i] = load(from + (c + i) * pitch + p);
      weave<T, L>(v);
#pragma GCC unroll 16
      for (int i = 0; i < L; ++i) store(to + (p + i) * step + c, finish<T>(v[i], biases, activation, slopes));
    }
    for (; p < positions; ++p)
      for (int i = 0; i < L; ++i)
        to[p * step + c + i] = finish(from[(c + i) * pitch + p], bias[c + i], activation, slope);
  }
  for (; c < channels; ++c)
    for (int64_t p = 0; p < positions; ++p)
      to[p * step + c] = finish(from[c * pitch + p], bias[c], activation, slope);
}
