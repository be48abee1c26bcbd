#include "placement.hpp"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>

namespace deconvs {

Processors Processors::here() {
    Processors found;
    if (sched_getaffinity(0, sizeof found.set_, &found.set_) != 0) CPU_ZERO(&found.set_);
    return found;
}

Processors Processors::without_this_one() const {
    Processors rest = *this;
    if (const int processor = sched_getcpu(); processor >= 0) CPU_CLR(processor, &rest.set_);
    return rest.known() ? rest : *this;
}

void Placement::begin() {
    thread_ = static_cast<pid_t>(syscall(SYS_gettid));
    now_ = Processors::here();
}

void Placement::away_from_caller(const Processors& allowed) {
    if (!allowed.known()) return;
    const Processors wanted = allowed.without_this_one();
    if (wanted == now_) return;
    // Where a sandbox forbids it, the thread stays where the system puts it, and is not asked again in vain.
    sched_setaffinity(thread_, sizeof wanted.set(), &wanted.set());
    now_ = wanted;
}

}  // namespace deconvs
#endif
