// The peak of multiply-adds and of memory, measured by loops that do nothing else.
#include "roofline.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#if (defined(__x86_64__) || defined(_M_X64)) && (defined(__GNUC__) || defined(__clang__))
#define DECONVS_ROOFLINE_X86 1
#include <immintrin.h>
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
#define DECONVS_ROOFLINE_NEON 1
#include <arm_neon.h>
#endif

namespace deconvs {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Steps of a burst: long against the clock's own time, short against an interruption by others.
constexpr int kSteps = 1 << 14;

// A burst runs kSteps steps of `chains` independent multiply-adds on vectors, and returns FLOPs done. More chains than
// latency times units keep the units full; all stay in registers. The result escapes through a volatile, or the loop
// would be dropped; multiplier and addend keep the values near 1, or subnormal numbers would slow it.
thread_local volatile double escaped = 0.0;

#if DECONVS_ROOFLINE_X86

#define DECONVS_BURST(name, isa, vec, scalar, chains, set1, fma, lanes)                                  \
    __attribute__((target(isa), noinline)) double name() {                                               \
        const vec m = set1(static_cast<scalar>(0.999)), a = set1(static_cast<scalar>(0.001));            \
        vec sum[chains];                                                                                 \
        for (int c = 0; c < chains; ++c) sum[c] = set1(static_cast<scalar>(1.0 + 0.01 * c));             \
        for (int step = 0; step < kSteps; ++step) {                                                      \
            _Pragma("GCC unroll 32") for (int c = 0; c < chains; ++c) sum[c] = fma(sum[c], m, a);        \
        }                                                                                                \
        scalar out[lanes];                                                                               \
        scalar total = 0;                                                                                \
        for (int c = 0; c < chains; ++c) {                                                               \
            std::memcpy(out, &sum[c], sizeof(out));                                                      \
            for (int lane = 0; lane < lanes; ++lane) total += out[lane];                                 \
        }                                                                                                \
        escaped = static_cast<double>(total);                                                            \
        return 2.0 * kSteps * (chains) * (lanes);                                                        \
    }

#define DECONVS_MUL_ADD_PS(x, m, a) _mm_add_ps(_mm_mul_ps(x, m), a)
#define DECONVS_MUL_ADD_PD(x, m, a) _mm_add_pd(_mm_mul_pd(x, m), a)

DECONVS_BURST(sse2_f32, "sse2", __m128, float, 12, _mm_set1_ps, DECONVS_MUL_ADD_PS, 4)
DECONVS_BURST(sse2_f64, "sse2", __m128d, double, 12, _mm_set1_pd, DECONVS_MUL_ADD_PD, 2)
DECONVS_BURST(avx2_f32, "avx2,fma", __m256, float, 12, _mm256_set1_ps, _mm256_fmadd_ps, 8)
DECONVS_BURST(avx2_f64, "avx2,fma", __m256d, double, 12, _mm256_set1_pd, _mm256_fmadd_pd, 4)
DECONVS_BURST(avx512_f32, "avx512f", __m512, float, 24, _mm512_set1_ps, _mm512_fmadd_ps, 16)
DECONVS_BURST(avx512_f64, "avx512f", __m512d, double, 24, _mm512_set1_pd, _mm512_fmadd_pd, 8)

#elif DECONVS_ROOFLINE_NEON

double neon_f32() {
    const float32x4_t m = vdupq_n_f32(0.999f), a = vdupq_n_f32(0.001f);
    float32x4_t sum[24];
    for (int c = 0; c < 24; ++c) sum[c] = vdupq_n_f32(1.0f + 0.01f * static_cast<float>(c));
    for (int step = 0; step < kSteps; ++step) {
        _Pragma("GCC unroll 32") for (int c = 0; c < 24; ++c) sum[c] = vfmaq_f32(a, sum[c], m);
    }
    float total = 0;
    for (int c = 0; c < 24; ++c) total += vaddvq_f32(sum[c]);
    escaped = static_cast<double>(total);
    return 2.0 * kSteps * 24 * 4;
}

double neon_f64() {
    const float64x2_t m = vdupq_n_f64(0.999), a = vdupq_n_f64(0.001);
    float64x2_t sum[24];
    for (int c = 0; c < 24; ++c) sum[c] = vdupq_n_f64(1.0 + 0.01 * c);
    for (int step = 0; step < kSteps; ++step) {
        _Pragma("GCC unroll 32") for (int c = 0; c < 24; ++c) sum[c] = vfmaq_f64(a, sum[c], m);
    }
    double total = 0;
    for (int c = 0; c < 24; ++c) total += vaddvq_f64(sum[c]);
    escaped = total;
    return 2.0 * kSteps * 24 * 2;
}

#else

// Whatever the compiler makes of 64 chains: a compiler that knows the machine turns them into vectors.
template <class T>
double plain() {
    T sum[64];
    for (int c = 0; c < 64; ++c) sum[c] = static_cast<T>(1.0 + 0.01 * c);
    for (int step = 0; step < kSteps; ++step) {
        for (int c = 0; c < 64; ++c) sum[c] = sum[c] * static_cast<T>(0.999) + static_cast<T>(0.001);
    }
    T total = 0;
    for (T s : sum) total += s;
    escaped = static_cast<double>(total);
    return 2.0 * kSteps * 64;
}

#endif

using Burst = double (*)();

// All that this CPU has: the widest is not always the fastest, where it is split or lowers the clock.
std::vector<Burst> bursts(bool float64) {
#if DECONVS_ROOFLINE_X86
    std::vector<Burst> found;
    if (__builtin_cpu_supports("avx512f")) found.push_back(float64 ? avx512_f64 : avx512_f32);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) found.push_back(float64 ? avx2_f64 : avx2_f32);
    if (found.empty()) found.push_back(float64 ? sse2_f64 : sse2_f32);
    return found;
#elif DECONVS_ROOFLINE_NEON
    return {float64 ? neon_f64 : neon_f32};
#else
    return {float64 ? plain<double> : plain<float>};
#endif
}

// Runs `work(thread, start)` on every thread at once; each calls start() when it is ready, which returns when all are.
template <class Work>
void together(int threads, const Work& work) {
    std::atomic<int> waiting{threads};
    const auto start = [&waiting] {
        waiting.fetch_sub(1);
        while (waiting.load() > 0) std::this_thread::yield();
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back([&, t] { work(t, start); });
    work(0, start);
    for (std::thread& other : others) other.join();
}

// One half of a copy, page by page as the kernel gives them; huge pages where there are, as NumPy asks for them.
class Memory {
  public:
    explicit Memory(std::size_t bytes) : bytes_(bytes) {
        data_ = static_cast<char*>(::operator new(bytes, std::align_val_t{kPage}));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
        madvise(data_, bytes, MADV_HUGEPAGE);  // may be refused: then pages are small
#endif
    }
    ~Memory() { ::operator delete(data_, std::align_val_t{kPage}); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    char* data() const { return data_; }
    void touch() { std::memset(data_, 1, bytes_); }

  private:
    static constexpr std::size_t kPage = std::size_t{2} << 20;
    std::size_t bytes_;
    char* data_;
};

// Past the caches, no line of the target is read first: the fastest way to write what nobody reads soon.
void stream(char* to, const char* from, std::size_t bytes) {
#if DECONVS_ROOFLINE_X86
    for (std::size_t at = 0; at < bytes; at += 64) {
        for (std::size_t part = at; part < at + 64; part += 16) {
            const __m128i value = _mm_load_si128(reinterpret_cast<const __m128i*>(from + part));
            _mm_stream_si128(reinterpret_cast<__m128i*>(to + part), value);
        }
    }
    _mm_sfence();
#else
    std::memcpy(to, from, bytes);
#endif
}

// Wide loads and stores written out: memcpy picks streaming stores itself for large sizes, and may pick badly.
void ordinary(char* to, const char* from, std::size_t bytes) {
    constexpr std::size_t kPiece = std::size_t{1} << 14;  // below memcpy's own threshold for streaming
    for (std::size_t at = 0; at < bytes; at += kPiece) std::memcpy(to + at, from + at, std::min(kPiece, bytes - at));
}

std::size_t last_cache() {
#if defined(__linux__) && defined(_SC_LEVEL3_CACHE_SIZE)
    const long size = sysconf(_SC_LEVEL3_CACHE_SIZE);
    if (size > 0) return static_cast<std::size_t>(size);
#endif
    return std::size_t{32} << 20;
}

using Copy = void (*)(char*, const char*, std::size_t);

}  // namespace

double measure_flops(int threads, bool float64, double seconds) {
    threads = std::max(threads, 1);
    const std::vector<Burst> candidates = bursts(float64);
    double best = 0.0;
    for (Burst burst : candidates) {
        std::vector<double> rates(static_cast<std::size_t>(threads), 0.0);
        together(threads, [&](int thread, const auto& start) {
            burst();
            start();
            double flops = 0.0, elapsed = 0.0;
            const Clock::time_point begun = Clock::now();
            do {
                flops += burst();
                elapsed = since(begun);
            } while (elapsed < seconds / static_cast<double>(candidates.size()));
            rates[static_cast<std::size_t>(thread)] = flops / elapsed;
        });
        double sum = 0.0;
        for (double rate : rates) sum += rate;
        best = std::max(best, sum);
    }
    return best;
}

double measure_bandwidth(int threads, double seconds) {
    // Four times the last cache, at most 1 GiB: what a copy leaves in a cache is then a small part of it.
    return measure_copy(threads, seconds, std::min(4 * last_cache(), std::size_t{1} << 30));
}

double measure_copy(int threads, double seconds, std::size_t bytes) {
    threads = std::max(threads, 1);
    const std::size_t half = std::max<std::size_t>(bytes / 2 / static_cast<std::size_t>(threads) / 64 * 64, 64);
    std::vector<double> rates(2, 0.0);
    const Copy copies[] = {stream, ordinary};
    std::vector<std::vector<double>> by_thread(2, std::vector<double>(static_cast<std::size_t>(threads), 0.0));
    together(threads, [&](int thread, const auto& start) {
        Memory from(half), to(half);
        from.touch();
        to.touch();
        start();
        for (std::size_t kind = 0; kind < 2; ++kind) {
            double moved = 0.0, elapsed = 0.0;
            const Clock::time_point begun = Clock::now();
            do {
                copies[kind](to.data(), from.data(), half);
                moved += 2.0 * static_cast<double>(half);
                elapsed = since(begun);
            } while (elapsed < seconds / 2);
            by_thread[kind][static_cast<std::size_t>(thread)] = moved / elapsed;
        }
        escaped = static_cast<double>(to.data()[half / 2]);
    });
    for (std::size_t kind = 0; kind < 2; ++kind) {
        for (double rate : by_thread[kind]) rates[kind] += rate;
    }
    return std::max(rates[0], rates[1]);
}

}  // namespace deconvs
