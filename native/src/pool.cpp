#include "pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <signal.h>
#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "placement.hpp"

namespace deconvs {

namespace {

// What a helper is at. Every change is an atomic exchange of this one word, so that no wake-up can get lost.
enum State : int {
    idle,     // awake, looks for work
    asleep,   // in the kernel, or on its way there: must be woken
    called,   // there is work; it may take part until the caller takes the call back
    working,  // takes part: the caller has to wait for it
    awaited,  // works, and the caller is asleep until it has finished
};

// A helper looks for more work for so long before it sleeps: about what a caller needs between two calls.
constexpr std::chrono::microseconds helper_patience{10};
// A caller that has no more work waits so long for its helpers before it sleeps.
constexpr std::chrono::microseconds caller_patience{20};

#ifdef __linux__
// std::atomic's own wait yields the processor and keeps lists first, which costs more than the system call.
void sleep_while(std::atomic<int>& word, int value) {
    static_assert(sizeof(word) == 4);
    syscall(SYS_futex, reinterpret_cast<int*>(&word), FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void wake(std::atomic<int>& word) {
    syscall(SYS_futex, reinterpret_cast<int*>(&word), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}
#else
void sleep_while(std::atomic<int>& word, int value) { word.wait(value); }

void wake(std::atomic<int>& word) { word.notify_one(); }
#endif

void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Waits until `word` is no longer `value`, at most for `patience`.
void spin_while(const std::atomic<int>& word, int value, std::chrono::microseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    do {
        for (int i = 0; i < 16; ++i) {
            if (word.load(std::memory_order_relaxed) != value) return;
            relax();
        }
    } while (std::chrono::steady_clock::now() < end);
}

class Pool {
public:
    // False where the pool is at work already.
    bool run(int threads, std::int64_t jobs, void (*fn)(void*, std::int64_t, int), void* ctx) {
        if (busy_.exchange(true, std::memory_order_acquire)) return false;
        const int helpers = grow(static_cast<int>(std::min<std::int64_t>(threads, jobs)) - 1);
        fn_ = fn;
        ctx_ = ctx;
        jobs_ = jobs;
        workers_ = helpers + 1;
        next_.store(0, std::memory_order_relaxed);
        const auto must_be_placed = [](const auto& helper) {
            return helper->state.load(std::memory_order_acquire) == asleep || helper->place.is_with_caller();
        };
        if (std::any_of(helpers_.begin(), helpers_.begin() + helpers, must_be_placed)) allowed_ = Processors::here();
        // Downwards: whoever is called may begin at once, and wakes others with higher numbers.
        for (int worker = helpers; worker >= 1; --worker) {
            Helper& helper = *helpers_[worker - 1];
            helper.slept = helper.state.exchange(called, std::memory_order_acq_rel) == asleep;
            if (!helper.slept && helper.place.is_with_caller()) helper.place.away_from_caller(allowed_);
        }
        wake_next(0);
        work(0);
        for (int worker = 1; worker <= helpers; ++worker) settle(*helpers_[worker - 1]);
        const std::exception_ptr error = std::exchange(error_, nullptr);
        failed_.clear(std::memory_order_relaxed);
        busy_.store(false, std::memory_order_release);
        if (error) std::rethrow_exception(error);
        return true;
    }

    Pool* abandoned = nullptr;  // the parent process's pool, which this one took the place of

private:
    struct alignas(64) Helper {
        std::atomic<int> state{idle};
        bool slept = false;  // when it was called
        Placement place;
    };

    // Starts helpers until there are `wanted`; returns how many of them there are, fewer where the system refuses more.
    int grow(int wanted) {
        if (static_cast<int>(helpers_.size()) >= wanted) return wanted;
        // Helpers leave signals to the threads that expect them, but for those that tell of a fault of their own.
        sigset_t ours, before;
        sigfillset(&ours);
        for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&ours, fault);
        pthread_sigmask(SIG_SETMASK, &ours, &before);
        try {
            while (static_cast<int>(helpers_.size()) < wanted) {
                helpers_.push_back(std::make_unique<Helper>());
                const int worker = static_cast<int>(helpers_.size());
                try {
                    // Never joined: a helper that sleeps ends with the process, and has nothing that must be cleaned up.
                    std::thread([this, worker, &helper = *helpers_.back()] { help(helper, worker); }).detach();
                } catch (...) {
                    helpers_.pop_back();
                    throw;
                }
            }
        } catch (const std::exception&) {
            wanted = static_cast<int>(helpers_.size());
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return wanted;
    }

    [[noreturn]] void help(Helper& helper, int worker) {
#ifdef __linux__
        pthread_setname_np(pthread_self(), "deconvs");
#endif
        helper.place.begin();
        std::atomic<int>& state = helper.state;
        for (;;) {
            int now = state.load(std::memory_order_acquire);
            if (now == called) {
                if (!state.compare_exchange_strong(now, working, std::memory_order_acq_rel)) continue;
                wake_next(worker);
                work(worker);
                if (state.exchange(idle, std::memory_order_acq_rel) == awaited) wake(state);
            } else if (now == idle) {
                helper.place.note();
                spin_while(state, idle, helper_patience);
                now = idle;
                state.compare_exchange_strong(now, asleep, std::memory_order_acq_rel);
            } else {
                sleep_while(state, asleep);
            }
        }
    }

    // Workers wake each other along a tree, so that waking many takes the time of a few.
    void wake_next(int worker) {
        for (int child = 2 * worker + 1; child <= 2 * worker + 2 && child < workers_; ++child) {
            Helper& helper = *helpers_[child - 1];
            if (!helper.slept) continue;
            helper.place.away_from_caller(allowed_);
            wake(helper.state);
        }
    }

    void work(int worker) {
        try {
            for (;;) {
                const std::int64_t job = next_.fetch_add(1, std::memory_order_relaxed);
                if (job >= jobs_) return;
                fn_(ctx_, job, worker);
            }
        } catch (...) {
            next_.store(jobs_, std::memory_order_relaxed);
            if (!failed_.test_and_set(std::memory_order_acq_rel)) error_ = std::current_exception();
        }
    }

    // Takes back the call of a helper that has not come yet, which is not worth waiting for; waits for one that has.
    static void settle(Helper& helper) {
        std::atomic<int>& state = helper.state;
        int now = called;
        if (state.compare_exchange_strong(now, helper.slept ? asleep : idle, std::memory_order_acq_rel)) return;
        spin_while(state, working, caller_patience);
        now = working;
        if (state.compare_exchange_strong(now, awaited, std::memory_order_acq_rel))
            while (state.load(std::memory_order_acquire) == awaited) sleep_while(state, awaited);
    }

    std::atomic<bool> busy_{false};  // held by the one thread that runs; it guards all that follows
    std::vector<std::unique_ptr<Helper>> helpers_;
    void (*fn_)(void*, std::int64_t, int) = nullptr;
    void* ctx_ = nullptr;
    std::int64_t jobs_ = 0;
    int workers_ = 1;
    Processors allowed_;  // to the calling thread, and so to its helpers
    std::atomic_flag failed_ = ATOMIC_FLAG_INIT;
    std::exception_ptr error_;
    alignas(64) std::atomic<std::int64_t> next_{0};
};

// Never destroyed: helpers may still sleep in it while the process ends.
std::atomic<Pool*> the_pool{nullptr};
Pool* abandoned_pool = nullptr;

Pool& pool() {
    Pool* now = the_pool.load(std::memory_order_acquire);
    if (now != nullptr) return *now;
    auto fresh = std::make_unique<Pool>();
    fresh->abandoned = abandoned_pool;
    return the_pool.compare_exchange_strong(now, fresh.get(), std::memory_order_acq_rel) ? *fresh.release() : *now;
}

// After a fork the child has none of the helpers, and what they were at is unknown: it begins with a fresh pool.
const int fork_is_watched = pthread_atfork(nullptr, nullptr, [] {
    if (Pool* old = the_pool.exchange(nullptr, std::memory_order_acq_rel)) abandoned_pool = old;
});

}  // namespace

void parallel(int threads, std::int64_t jobs, void (*fn)(void* ctx, std::int64_t job, int worker), void* ctx) {
    if (fork_is_watched == 0 && threads > 1 && jobs > 1 && pool().run(std::min(threads, max_threads), jobs, fn, ctx))
        return;
    for (std::int64_t job = 0; job < jobs; ++job) fn(ctx, job, 0);
}

}  // namespace deconvs
