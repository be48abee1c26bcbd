#include "limits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

#include "refused.hpp"

namespace deconvs {

namespace {

constexpr const char* variable = "DECONVS_NUM_THREADS";

int asked_threads() {
    const char* text = std::getenv(variable);
    if (text == nullptr || *text == '\0') return 0;
    int value = 0;
    const char* end = text + std::strlen(text);
    const auto [stopped, error] = std::from_chars(text, end, value);
    if (error != std::errc() || stopped != end || value < 1 || value > max_threads)
        throw Refused("the number of threads is not one", std::string(variable) + "=" + text,
                      "unset it, or use an integer from 1 to " + std::to_string(max_threads));
    return value;
}

int affinity_threads() {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
    // Machines with more processors than the set holds.
#endif
    return static_cast<int>(std::thread::hardware_concurrency());
}

int rounded_up(double quota, double period) {
    return quota > 0 && period > 0 ? static_cast<int>(std::min<double>(std::ceil(quota / period), max_threads)) : 0;
}

// The smaller of two limits, where 0 is none.
int tighter(int a, int b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

// One folder of a control group: version 2 says "max 100000" or "150000 100000"; version 1 says it in two files.
int folder_quota(const std::string& folder) {
    std::string quota;
    double period = 0;
    if (std::ifstream(folder + "/cpu.max") >> quota >> period)
        return quota == "max" ? 0 : rounded_up(std::atof(quota.c_str()), period);
    double microseconds = 0;
    if (std::ifstream(folder + "/cpu.cfs_quota_us") >> microseconds &&
        std::ifstream(folder + "/cpu.cfs_period_us") >> period)
        return rounded_up(microseconds, period);
    return 0;
}

// A group's own limit and those of all groups around it. Inside a container the path may be the one that the host
// sees, which is not mounted; the mount itself is the container's own group then, and is asked last in any case.
int group_quota(const std::string& mount, std::string path) {
    int quota = 0;
    for (;;) {
        quota = tighter(quota, folder_quota(mount + path));
        const auto slash = path.rfind('/');
        if (path.empty() || slash == std::string::npos) return quota;
        path.erase(slash);
    }
}

int read_quota() {
    int quota = 0;
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        // "0::/path" or "4:cpu,cpuacct:/path"
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        if (controllers.empty()) {
            quota = tighter(quota, group_quota("/sys/fs/cgroup", path));
            continue;
        }
        std::istringstream names(controllers);
        for (std::string name; std::getline(names, name, ',');)
            if (name == "cpu") quota = tighter(quota, group_quota("/sys/fs/cgroup/cpu", path));
    }
    return quota;
}

int quota_threads() {
    // Once: it is a matter of several files, and calls are to cost microseconds.
    static const int quota = read_quota();
    return quota;
}

}  // namespace

ThreadLimits thread_limits() { return {asked_threads(), affinity_threads(), quota_threads()}; }

int default_threads() {
    const int asked = asked_threads();
    if (asked != 0) return asked;
    return std::clamp(tighter(affinity_threads(), quota_threads()), 1, max_threads);
}

}  // namespace deconvs
