// Which instruction sets the core was compiled for, which of them this machine has, and which one is used.
#pragma once

#include <string>
#include <vector>

namespace deconvs {

// In rising order: the last available one is the best.
enum class Isa { baseline, avx2, avx512, neon };

const char* name(Isa isa);

// Built into this library, whether or not the machine has them.
std::vector<Isa> compiled();

// Built in, and supported by both the processor and the operating system; never empty.
std::vector<Isa> available();

// The best one, or the one that DECONVS_ISA names; read anew at each call, so that tests can force each in turn.
// Throws Refused if it names none, or one that is not available.
Isa chosen();

// The available one of that name; throws std::invalid_argument.
Isa isa_named(const std::string& isa);

// Vectors of multiply-adds that this processor starts in one cycle.
int products_per_cycle(Isa isa);

}  // namespace deconvs
