// The core's threads: few, asleep unless there is work, and never in anybody's way.
#pragma once

#include <cstdint>

#include "limits.hpp"

namespace deconvs {

// Calls fn(ctx, job, worker) once for each job in [0, jobs), and returns when all are done.
//
// The calling thread is worker 0; at most threads - 1 others help, each with a worker number of its own below `threads`.
// Jobs go to whoever is free. Where the pool is at work already, for another thread or for the caller itself, the
// caller does everything alone. An exception in a job ends the handing out of jobs, and is thrown here.
// Results must not depend on which worker does a job.
void parallel(int threads, std::int64_t jobs, void (*fn)(void* ctx, std::int64_t job, int worker), void* ctx);

// The same for anything that can be called as work(job, worker).
template <class Work>
void parallel(int threads, std::int64_t jobs, Work&& work) {
    parallel(
        threads, jobs,
        [](void* ctx, std::int64_t job, int worker) { (*static_cast<decltype(&work)>(ctx))(job, worker); },
        static_cast<void*>(&work));
}

}  // namespace deconvs
