// The register tile: MR rows of weights times NV vectors of positions, summed over channels and taps.
//
//   c[row][position] (+)= sum over channels, taps of a[channel][tap][row] * b[channel * step + off[tap] + position]
//
// Channels are a_step apart in a, which may hold more taps than are asked for.
// Every result is summed in the same order whatever the tile's shape, so that results do not depend on how work is cut.

// Bytes of weights that are asked for ahead: what the processor fetches ahead on its own begins anew on every page, and is
// too late from L3.
constexpr int kWeightsAhead = 8192;

template <class T, int MR, int NV>
static void micro(const T* a, int64_t a_step, const T* b, int64_t step, int64_t channels, const int64_t* off, int taps, T* c,
                  int64_t c_step, bool add) {
  constexpr int L = kLanes<T>;
  Vec<T> sum[MR][NV];
  if (add) {
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < NV; ++v) sum[r][v] = load(c + r * c_step + v * L);
  } else {
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 16
      for (int v = 0; v < NV; ++v) sum[r][v] = Vec<T>{};
  }
  const auto one = [&](const T* from, const T* w) __attribute__((always_inline)) {
    // Past the end of the weights this asks for nothing that there is; as a number, it is not a pointer to nowhere.
    if constexpr (MR * NV >= 8)
      __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(w) + kWeightsAhead));
    Vec<T> x[NV];
#pragma GCC unroll 16
    for (int v = 0; v < NV; ++v) x[v] = load(from + v * L);
#pragma GCC unroll 16
    for (int r = 0; r < MR; ++r) {
      const Vec<T> by = broadcast(w[r]);
#pragma GCC unroll 16
      for (int v = 0; v < NV; ++v) sum[r][v] += by * x[v];
    }
  };
  // Taps are written out: what counts them and finds their inputs would else take a fifth of the time.
  const auto all = [&](auto count) __attribute__((always_inline)) {
    constexpr int N = decltype(count)::value;
    for (int64_t channel = 0; channel < channels; ++channel, b += step, a += a_step)
#pragma GCC unroll 16
      for (int tap = 0; tap < N; ++tap) one(b + off[tap], a + tap * MR);
  };
  switch (taps) {
    case 1:
      all(std::integral_constant<int, 1>{});
      break;
    case 2:
      all(std::integral_constant<int, 2>{});
      break;
    case 4:
      all(std::integral_constant<int, 4>{});
      break;
    default:
      for (int64_t channel = 0; channel < channels; ++channel, b += step, a += a_step) {
        int tap = 0;
        for (; tap + 2 <= taps; tap += 2) {
          one(b + off[tap], a + tap * MR);
          one(b + off[tap + 1], a + (tap + 1) * MR);
        }
        if (tap < taps) one(b + off[tap], a + tap * MR);
      }
  }
#pragma GCC unroll 16
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 16
    for (int v = 0; v < NV; ++v) store(c + r * c_step + v * L, sum[r][v]);
}

template <class T>
using Micro = void (*)(const T*, int64_t, const T*, int64_t, int64_t, const int64_t*, int, T*, int64_t, bool);

// Tiles that fit the registers: the sums, the positions, one vector of weights. Each is compiled, so that there are not more
// than are of use: wide ones for few rows, whose loads are of positions, higher ones up to where nothing is gained.
constexpr int kMostRows = kRegisters >= 32 ? 8 : 6;

constexpr int most_vectors(int rows) {
  const int useful = rows == 1 ? 8 : rows == 2 ? 6 : rows <= 4 ? 4 : 3;
  int vectors = 1;
  while (vectors < useful && (rows + 1) * (vectors + 1) + 1 <= kRegisters) ++vectors;
  return vectors;
}

constexpr int kMostVectors = 8;

template <class T, int MR, int NV>
constexpr Micro<T> micro_if_it_fits() {
  if constexpr (NV <= most_vectors(MR))
    return micro<T, MR, NV>;
  else
    return nullptr;
}

template <class T, class Numbers>
struct MicroTable;

// Row by row, kMostVectors a row.
template <class T, size_t... I>
struct MicroTable<T, std::index_sequence<I...>> {
  static constexpr Micro<T> all[] = {
      micro_if_it_fits<T, int(I) / kMostVectors + 1, int(I) % kMostVectors + 1>()...};
};

// The tile of so many rows and vectors; both must be within kMostRows and most_vectors(rows).
template <class T>
static inline Micro<T> micro_for(int64_t rows, int64_t vectors) {
  return MicroTable<T, std::make_index_sequence<size_t(kMostRows * kMostVectors)>>::all[(rows - 1) * kMostVectors +
                                                                                          vectors - 1];
}
