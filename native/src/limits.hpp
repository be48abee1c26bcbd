// How many threads to use when nobody says.
#pragma once

namespace deconvs {

constexpr int max_threads = 1024;

// What is said about it; 0 where nothing is.
struct ThreadLimits {
    int asked;     // DECONVS_NUM_THREADS
    int affinity;  // processors that the calling thread may run on
    int quota;     // processors' worth of time that the control group gives, rounded up
};

// Throws Refused if DECONVS_NUM_THREADS is not an integer from 1 to max_threads.
ThreadLimits thread_limits();

// What was asked for, or else as many as can run at once; at least 1. Environment and affinity are read anew.
int default_threads();

}  // namespace deconvs
