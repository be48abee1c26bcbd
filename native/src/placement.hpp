// On which processor a helper wakes up: not on its waker's.
#pragma once

#include <atomic>

#ifdef __linux__
#include <sched.h>
#include <sys/types.h>
#endif

namespace deconvs {

#ifdef __linux__
// The processors that a thread may run on.
class Processors {
public:
    // Those of the calling thread.
    static Processors here();
    // Empty where they are unknown: on machines of more processors than a cpu_set_t holds.
    bool known() const { return CPU_COUNT(&set_) > 0; }
    // Without the one that the calling thread runs on; all, where that is the only one.
    Processors without_this_one() const;
    bool operator==(const Processors& other) const { return CPU_EQUAL(&set_, &other.set_); }
    const cpu_set_t& set() const { return set_; }

private:
    cpu_set_t set_{};
};

// Where a thread is that another one hands work to, and has work for itself too.
//
// Linux likes to wake a thread where its waker runs, and in virtual machines does so often: a processor that sleeps there
// counts as taken away by the host. The two would then take turns on one processor, for milliseconds, beside an idle one.
class Placement {
public:
    // Called by the thread itself before all else, and whenever it begins to wait for work.
    void begin();
    void note() { processor_.store(sched_getcpu(), std::memory_order_release); }
    // Whether it waits on the processor of the caller: then it cannot be running now.
    bool is_with_caller() const {
        const int processor = processor_.load(std::memory_order_acquire);
        return processor >= 0 && processor == sched_getcpu();
    }
    // Called before it is woken, or where it is with the caller: `allowed` are the caller's.
    void away_from_caller(const Processors& allowed);

private:
    pid_t thread_ = 0;
    Processors now_;
    std::atomic<int> processor_{-1};
};
#else
struct Processors {
    static Processors here() { return {}; }
};

struct Placement {
    void begin() {}
    void note() {}
    bool is_with_caller() const { return false; }
    void away_from_caller(const Processors&) {}
};
#endif

}  // namespace deconvs
