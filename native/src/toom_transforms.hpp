// The transforms of Toom-Cook: inputs of tiles to planes, products of planes back to positions, vectors of tiles at a time.
//
// An axis is of a kind. `single` is left as it is; the others evaluate at 0, 1, -1 and infinity, where all factors are
// 1 and -1 (the halves are in the weights). Tiles of a row are written in whole vectors, in rising order: what runs over
// the end of a row is written over by the next, or there is room for it.

constexpr int outputs_of(ToomKind kind) { return kind == ToomKind::single ? 1 : kind == ToomKind::two ? 2 : 3; }
constexpr int inputs_of(ToomKind kind) { return kind == ToomKind::single ? 1 : 4; }
constexpr int planes_of(ToomKind kind) { return kind == ToomKind::single ? 1 : kind == ToomKind::mixed ? 7 : 4; }
// Of a branch; the second one of a mixed axis takes three inputs as they are.
constexpr int planes_of(ToomKind kind, int branch) {
  return branch == 1 ? 3 : kind == ToomKind::single ? 1 : 4;
}

// Inputs of a tile to its planes: evaluation at 0, 1, -1 and infinity, transposed.
template <ToomKind K, class V>
static inline void to_planes(const V* z, V* p) {
  if constexpr (K == ToomKind::single) {
    p[0] = z[0];
  } else {
    p[0] = z[0] - z[2];
    p[1] = z[1] + z[2];
    p[2] = z[2] - z[1];
    p[3] = z[3] - z[1];
    if constexpr (K == ToomKind::mixed) {
      p[4] = z[1];
      p[5] = z[2];
      p[6] = z[3];
    }
  }
}

// Products of a branch back to positions.
template <ToomKind K, int B, class V>
static inline void to_positions(const V* p, V* y) {
  if constexpr (K == ToomKind::single) {
    y[0] = p[0];
  } else if constexpr (B == 1) {
    y[0] = p[0];
    y[1] = p[1];
    y[2] = p[2];
  } else {
    y[0] = p[0] + p[1] + p[2];
    y[1] = p[1] - p[2];
    if constexpr (K == ToomKind::two)
      y[1] += p[3];
    else
      y[2] = p[1] + p[2] + p[3];
  }
}

// Every M-th element of a row to a part of its own.
template <class T, int M, int K, size_t... I>
static inline Vec<T> every(const Vec<T>* v, std::index_sequence<I...>) {
  constexpr int L = kLanes<T>;
  if constexpr (M == 2) {
    return __builtin_shufflevector(v[0], v[1], (2 * int(I) + K)...);
  } else {
    const Vec<T> low = __builtin_shufflevector(v[0], v[1], ((3 * int(I) + K < 2 * L) ? 3 * int(I) + K : 0)...);
    return __builtin_shufflevector(low, v[2], ((3 * int(I) + K < 2 * L) ? int(I) : L + 3 * int(I) + K - 2 * L)...);
  }
}

template <class T, int M>
static inline void take_apart(const T* row, int64_t count, T* parts, int64_t room) {
  constexpr int L = kLanes<T>;
  constexpr auto all = std::make_index_sequence<size_t(L)>();
  if constexpr (M == 1) {
    for (int64_t i = 0; i < count; i += L) store(parts + i, load(row + i));
  } else {
    // Reads and writes whole vectors: the row and the parts have room for it.
    for (int64_t i = 0; i * M < count; i += L) {
      Vec<T> v[M];
#pragma GCC unroll 4
      for (int k = 0; k < M; ++k) v[k] = load(row + i * M + k * L);
      store(parts + i, every<T, M, 0>(v, all));
      store(parts + room + i, every<T, M, 1>(v, all));
      if constexpr (M == 3) store(parts + 2 * room + i, every<T, M, 2>(v, all));
    }
  }
}

// Rows taken apart, the inputs of one row of tiles, to the planes of the last two axes.
template <class T, ToomKind H, ToomKind W>
static void planes_of_rows(const T* parts, int64_t line, int64_t width, T* planes, int64_t step) {
  constexpr int L = kLanes<T>, M = outputs_of(W);
  for (int64_t x = 0; x < width; x += L) {
    Vec<T> across[inputs_of(H)][planes_of(W)];
#pragma GCC unroll 4
    for (int r = 0; r < inputs_of(H); ++r) {
      const T* from = parts + r * (M * line) + x;
      Vec<T> z[inputs_of(W)];
#pragma GCC unroll 4
      for (int k = 0; k < inputs_of(W); ++k) z[k] = load(from + k % M * line + k / M);
      to_planes<W>(z, across[r]);
    }
#pragma GCC unroll 8
    for (int q = 0; q < planes_of(W); ++q) {
      Vec<T> z[inputs_of(H)], p[planes_of(H)];
#pragma GCC unroll 4
      for (int r = 0; r < inputs_of(H); ++r) z[r] = across[r][q];
      to_planes<H>(z, p);
#pragma GCC unroll 8
      for (int i = 0; i < planes_of(H); ++i) store(planes + (i * planes_of(W) + q) * step + x, p[i]);
    }
  }
}

// Slices of planes of the last two axes, the inputs of one row of tiles, to those of all three.
template <class T, ToomKind D>
static void planes_of_slices(const T* slices, int64_t slice, int64_t planes2, int64_t plane, int64_t width, T* planes,
                             int64_t step) {
  constexpr int L = kLanes<T>;
  for (int64_t q = 0; q < planes2; ++q)
    for (int64_t x = 0; x < width; x += L) {
      Vec<T> z[inputs_of(D)], p[planes_of(D)];
#pragma GCC unroll 4
      for (int k = 0; k < inputs_of(D); ++k) z[k] = load(slices + k * slice + q * plane + x);
      to_planes<D>(z, p);
#pragma GCC unroll 8
      for (int k = 0; k < planes_of(D); ++k) store(planes + (k * planes2 + q) * step + x, p[k]);
    }
}

// Products [plane][...] of one row to positions, for the last two axes; `down` and `along` lead from one position to the next.
template <class T, ToomKind H, int BH, ToomKind W, int BW>
static void positions_of_rows(const T* products, int64_t step, T* to, int64_t down, int64_t along, int64_t count) {
  constexpr int L = kLanes<T>, PH = planes_of(H, BH), PW = planes_of(W, BW), MH = outputs_of(H), MW = outputs_of(W);
  for (int64_t v = 0; v < count; v += L) {
    Vec<T> half[PH][MW];
#pragma GCC unroll 4
    for (int i = 0; i < PH; ++i) {
      Vec<T> p[PW];
#pragma GCC unroll 4
      for (int q = 0; q < PW; ++q) p[q] = load(products + (i * PW + q) * step + v);
      to_positions<W, BW>(p, half[i]);
    }
#pragma GCC unroll 4
    for (int x = 0; x < MW; ++x) {
      Vec<T> p[PH], out[MH];
#pragma GCC unroll 4
      for (int i = 0; i < PH; ++i) p[i] = half[i][x];
      to_positions<H, BH>(p, out);
#pragma GCC unroll 4
      for (int y = 0; y < MH; ++y) store(to + y * down + x * along + v, out[y]);
    }
  }
}

template <class T, ToomKind D, int BD>
static void positions_of_slices(const T* from, int64_t plane, T* to, int64_t step, int64_t count) {
  constexpr int L = kLanes<T>;
  for (int64_t v = 0; v < count; v += L) {
    Vec<T> p[planes_of(D, BD)], out[outputs_of(D)];
#pragma GCC unroll 4
    for (int i = 0; i < planes_of(D, BD); ++i) p[i] = load(from + i * plane + v);
    to_positions<D, BD>(p, out);
#pragma GCC unroll 4
    for (int i = 0; i < outputs_of(D); ++i) store(to + i * step + v, out[i]);
  }
}

// The functions for the kinds of a layout, by number.
template <class T>
struct ToomSteps {
  using Rows = void (*)(const T*, int64_t, int64_t, T*, int64_t);
  using Slices = void (*)(const T*, int64_t, int64_t, int64_t, int64_t, T*, int64_t);
  using BackRows = void (*)(const T*, int64_t, T*, int64_t, int64_t, int64_t);
  using BackSlices = void (*)(const T*, int64_t, T*, int64_t, int64_t);

  template <size_t... I>
  static Rows rows(int which, std::index_sequence<I...>) {
    static constexpr Rows table[] = {planes_of_rows<T, ToomKind(I / 4), ToomKind(I % 4)>...};
    return table[which];
  }
  template <size_t... I>
  static Slices slices(int which, std::index_sequence<I...>) {
    static constexpr Slices table[] = {planes_of_slices<T, ToomKind(I)>...};
    return table[which];
  }
  // A kind and its branch as one number: kind, or 4 for the second branch of a mixed axis.
  static constexpr ToomKind kind(size_t i) { return i == 4 ? ToomKind::mixed : ToomKind(i); }
  template <size_t... I>
  static BackRows back_rows(int which, std::index_sequence<I...>) {
    static constexpr BackRows table[] = {
        positions_of_rows<T, kind(I / 5), I / 5 == 4 ? 1 : 0, kind(I % 5), I % 5 == 4 ? 1 : 0>...};
    return table[which];
  }
  template <size_t... I>
  static BackSlices back_slices(int which, std::index_sequence<I...>) {
    static constexpr BackSlices table[] = {positions_of_slices<T, kind(I), I == 4 ? 1 : 0>...};
    return table[which];
  }
};
