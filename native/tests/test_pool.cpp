// The thread pool under stress: many calls, nested ones, several callers, forks, exceptions, every number of threads.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.hpp"
#include "pool.hpp"

using deconvs::parallel;

namespace {

// Plain integers, so that ThreadSanitizer sees whether what jobs wrote is handed over properly.
void every_job_once(int threads, std::int64_t jobs) {
    std::vector<int> done(static_cast<std::size_t>(jobs), 0), by(static_cast<std::size_t>(jobs), -1);
    parallel(threads, jobs, [&](std::int64_t job, int worker) {
        done[static_cast<std::size_t>(job)] += 1;
        by[static_cast<std::size_t>(job)] = worker;
    });
    for (int count : done) CHECK(count == 1);
    for (int worker : by) CHECK(0 <= worker && worker < threads);
}

void many_calls() {
    for (int round = 0; round < 200; ++round)
        for (int threads = 1; threads <= 8; ++threads)
            for (std::int64_t jobs : {0, 1, 2, 3, 7, 40}) every_job_once(threads, jobs);
}

// A worker number belongs to one thread at a time: scratch memory is picked by it.
void workers_are_alone() {
    for (int round = 0; round < 200; ++round) {
        std::vector<int> scratch(4, 0);
        parallel(4, 64, [&](std::int64_t, int worker) {
            const int before = scratch[static_cast<std::size_t>(worker)]++;
            std::this_thread::yield();
            CHECK(scratch[static_cast<std::size_t>(worker)] == before + 1);
        });
        CHECK(std::accumulate(scratch.begin(), scratch.end(), 0) == 64);
    }
}

void helpers_take_part() {
    for (int threads : {2, 3, 8}) {
        std::atomic<int> present{0};
        parallel(threads, threads, [&](std::int64_t, int) {
            ++present;
            while (present < threads) std::this_thread::yield();  // ends only if all are there at once
        });
    }
}

// After pauses of every length the helpers are spinning, falling asleep or asleep.
void pauses() {
    for (int round = 0; round < 400; ++round) {
        every_job_once(3, 6);
        std::this_thread::sleep_for(std::chrono::microseconds(round % 40));
    }
}

void nested() {
    std::atomic<int> sum{0};
    for (int round = 0; round < 50; ++round)
        parallel(4, 8, [&](std::int64_t, int) { parallel(4, 8, [&](std::int64_t, int worker) {
            CHECK(worker == 0);
            ++sum;
        }); });
    CHECK(sum == 50 * 64);
}

void several_callers() {
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 4; ++caller)
        callers.emplace_back([caller] {
            for (int round = 0; round < 500; ++round) every_job_once(1 + (caller + round) % 8, 20);
        });
    for (std::thread& caller : callers) caller.join();
}

void exceptions() {
    for (int round = 0; round < 200; ++round)
        for (int threads = 1; threads <= 4; ++threads) {
            const std::int64_t bad = round % 16;
            bool caught = false;
            try {
                parallel(threads, 16, [&](std::int64_t job, int) {
                    if (job >= bad) throw std::runtime_error("job");
                });
            } catch (const std::runtime_error& error) {
                caught = std::strcmp(error.what(), "job") == 0;
            }
            CHECK(caught);
            every_job_once(threads, 16);
        }
}

void in_a_child(void (*work)()) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        work();
        _exit(0);  // no leak check: it waits for the parent's threads, which are not here
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void forks() {
    every_job_once(4, 16);
    in_a_child([] {
        helpers_take_part();
        in_a_child(helpers_take_part);
    });
    // While another thread is at work, so that the child finds the pool busy with helpers that it does not have.
    std::atomic<bool> stop{false};
    std::thread other([&] {
        while (!stop) every_job_once(4, 100);
    });
    for (int round = 0; round < 20; ++round) in_a_child(helpers_take_part);
    stop = true;
    other.join();
    helpers_take_part();
}

// Time of work(threads), so many microseconds after the one before.
template <class Work>
void timed(const char* what, int threads, int pause, Work work) {
    using clock = std::chrono::steady_clock;
    std::vector<double> took;
    for (int round = 0; round < 2000; ++round) {
        const auto until = clock::now() + std::chrono::microseconds(pause);
        while (clock::now() < until) {
        }
        const auto start = clock::now();
        work(threads);
        took.push_back(std::chrono::duration<double, std::micro>(clock::now() - start).count());
    }
    std::sort(took.begin(), took.end());
    std::printf("%s, %d threads, %3d us after the last: median %6.2f us, 99 %% below %6.2f us\n", what, threads, pause,
                took[took.size() / 2], took[took.size() * 99 / 100]);
}

void cost() {
    for (int threads : {2, 4})
        for (int pause : {0, 5, 100})
            timed("empty jobs", threads, pause,
                  [](int n) { parallel(n, n, [](void*, std::int64_t, int) {}, nullptr); });
    for (int pause : {0, 5, 100})
        timed("until both are there", 2, pause, [](int n) {
            std::atomic<int> present{0};
            parallel(n, n, [&](std::int64_t, int) {
                ++present;
                while (present < n) {
                }
            });
        });
}

}  // namespace

int main(int count, char** arguments) {
    const char* how = count > 1 ? arguments[1] : "";
    if (std::strcmp(how, "cost") == 0) {
        cost();
        return 0;
    }
    many_calls();
    workers_are_alone();
    helpers_take_part();
    pauses();
    nested();
    several_callers();
    exceptions();
#ifdef __SANITIZE_THREAD__
    how = "emulated";  // by ThreadSanitizer, which takes no new threads after a fork
#endif
    if (std::strcmp(how, "emulated") != 0) forks();
    std::puts("pool: ok");
    std::fflush(stdout);
}
