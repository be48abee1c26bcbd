// Vectors of one instruction set. Included once per instruction set, inside its own namespace, so that no two
// translation units ever share an inline function that was compiled for different processors.
//
// DECONVS_VECTOR_BYTES is the width of a register, DECONVS_REGISTERS how many there are.

constexpr int kRegisters = DECONVS_REGISTERS;

template <class T>
constexpr int kLanes = DECONVS_VECTOR_BYTES / int(sizeof(T));

template <class T>
struct VecOf {
  typedef T type __attribute__((vector_size(DECONVS_VECTOR_BYTES)));
  typedef T loose __attribute__((vector_size(DECONVS_VECTOR_BYTES), aligned(alignof(T)), may_alias));
};

template <class T>
using Vec = typename VecOf<T>::type;

template <class T>
static inline Vec<T> load(const T* from) {
  return *reinterpret_cast<const typename VecOf<T>::loose*>(from);
}

template <class T>
static inline void store(T* to, Vec<T> value) {
  *reinterpret_cast<typename VecOf<T>::loose*>(to) = value;
}

template <class T>
static inline Vec<T> broadcast(T value) {
  return value - Vec<T>{};
}

static inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// a0 b0 a1 b1 ... of the lower and of the upper halves.
template <class V, size_t... I>
static inline V zip_low(V a, V b, std::index_sequence<I...>) {
  constexpr int n = int(sizeof...(I));
  return __builtin_shufflevector(a, b, (I % 2 ? n + int(I) / 2 : int(I) / 2)...);
}

template <class V, size_t... I>
static inline V zip_high(V a, V b, std::index_sequence<I...>) {
  constexpr int n = int(sizeof...(I));
  return __builtin_shufflevector(a, b, (I % 2 ? n + n / 2 + int(I) / 2 : n / 2 + int(I) / 2)...);
}

// Of the vectors in which S phases alternate, number I: `so_far` holds its elements of the phases before F; those of F are
// added, and with F = 1 those of phase 0 too, which `so_far` holds by position.
template <int S, int I, int F, class V, size_t... J>
static inline V weave_in(V so_far, V phase, std::index_sequence<J...>) {
  constexpr int n = int(sizeof...(J));
  constexpr auto from = [](int j) {
    const int element = I * n + j;
    return element % S == F ? n + element / S : F == 1 && element % S == 0 ? element / S : j;
  };
  return __builtin_shufflevector(so_far, phase, from(int(J))...);
}

template <class T, int S, int I, size_t... F>
static inline Vec<T> woven(const Vec<T> (&v)[S], std::index_sequence<F...>) {
  Vec<T> result = v[0];
  ((result = weave_in<S, I, int(F) + 1>(result, v[F + 1], std::make_index_sequence<size_t(kLanes<T>)>())), ...);
  return result;
}

template <class T, int S, size_t... I>
static inline void weave_odd(Vec<T> (&v)[S], std::index_sequence<I...>) {
  const Vec<T> all[S] = {woven<T, S, int(I)>(v, std::make_index_sequence<size_t(S - 1)>())...};
#pragma GCC unroll 16
  for (int i = 0; i < S; ++i) v[i] = all[i];
}

// S vectors, one a phase, woven into S vectors in which the phases alternate. With as many as a vector has lanes it is a
// transposition.
template <class T, int S>
static inline void weave(Vec<T> (&v)[S]) {
  if constexpr (S % 2 == 1 && S > 1) {
    weave_odd<T, S>(v, std::make_index_sequence<size_t(S)>());
  } else if constexpr (S > 1) {
    constexpr auto all = std::make_index_sequence<size_t(kLanes<T>)>();
    Vec<T> even[S / 2], odd[S / 2];
#pragma GCC unroll 16
    for (int i = 0; i < S / 2; ++i) {
      even[i] = v[2 * i];
      odd[i] = v[2 * i + 1];
    }
    weave<T, S / 2>(even);
    weave<T, S / 2>(odd);
#pragma GCC unroll 16
    for (int i = 0; i < S / 2; ++i) {
      v[2 * i] = zip_low(even[i], odd[i], all);
      v[2 * i + 1] = zip_high(even[i], odd[i], all);
    }
  }
}

// Past the caches, where what is written will not be read before they are full of other things: the memory need not be
// read first. `to` must be aligned to a vector.
template <class T>
static inline void store_past(T* to, Vec<T> value) {
#if defined(__x86_64__) && DECONVS_VECTOR_BYTES == 64 && defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(to), reinterpret_cast<__m512i>(value));
#elif defined(__x86_64__) && DECONVS_VECTOR_BYTES == 32
  _mm256_stream_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(value));
#elif defined(__x86_64__) && DECONVS_VECTOR_BYTES == 16
  _mm_stream_si128(reinterpret_cast<__m128i*>(to), reinterpret_cast<__m128i>(value));
#else
  store(to, value);
#endif
}

// What was stored past the caches is visible to whoever is told of it after this.
static inline void settle() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}
