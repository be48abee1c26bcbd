#include "isa.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "refused.hpp"

namespace deconvs {

namespace {

constexpr const char* variable = "DECONVS_ISA";

bool supported(Isa isa) {
    switch (isa) {
        case Isa::baseline:
            return true;
        // The builtins ask the operating system too (XGETBV): registers that it does not save are as good as missing.
#if defined(__x86_64__)
        case Isa::avx2:
            return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        case Isa::avx512:
#ifdef DECONVS_AVX512_BY_AVX2
            return supported(Isa::avx2);
#endif
            return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("fma");
#endif
#if defined(__aarch64__)
        case Isa::neon:
            return true;  // part of the architecture
#endif
        default:
            return false;
    }
}

// AMD's family 19h, Zen 3 and 4: the latter sends each half of a 512-bit vector through a 256-bit unit.
bool has_halved_units() {
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(0, &a, &b, &c, &d) || b != signature_AMD_ebx || c != signature_AMD_ecx || d != signature_AMD_edx)
        return false;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
    return (a >> 8 & 0xf) == 0xf && (a >> 20 & 0xff) + 0xf == 0x19;
#else
    return false;
#endif
}

std::string listed(const std::vector<Isa>& isas) {
    std::string text;
    for (Isa isa : isas) text += (text.empty() ? "" : ", ") + std::string(name(isa));
    return text;
}

}  // namespace

const char* name(Isa isa) {
    switch (isa) {
        case Isa::baseline:
            return "baseline";
        case Isa::avx2:
            return "avx2";
        case Isa::avx512:
            return "avx512";
        case Isa::neon:
            return "neon";
    }
    return "?";
}

std::vector<Isa> compiled() {
    return {
        Isa::baseline,
#ifdef DECONVS_HAVE_AVX2
        Isa::avx2,
#endif
#ifdef DECONVS_HAVE_AVX512
        Isa::avx512,
#endif
#ifdef DECONVS_HAVE_NEON
        Isa::neon,
#endif
    };
}

std::vector<Isa> available() {
    static const std::vector<Isa> found = [] {
        std::vector<Isa> isas;
        for (Isa isa : compiled())
            if (supported(isa)) isas.push_back(isa);
        return isas;
    }();
    return found;
}

Isa chosen() {
    const std::vector<Isa> isas = available();
    const char* wanted = std::getenv(variable);
    if (wanted == nullptr || *wanted == '\0') return isas.back();
    for (Isa isa : isas)
        if (name(isa) == std::string(wanted)) return isa;
    std::string wrong = "no such instruction set";
    for (Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512, Isa::neon})
        if (name(isa) == std::string(wanted)) wrong = "this machine, or this build, lacks the instruction set";
    throw Refused(wrong, std::string(variable) + "=" + wanted, "unset it, or use one of " + listed(isas));
}

Isa isa_named(const std::string& isa) {
    for (Isa found : available())
        if (isa == name(found)) return found;
    throw std::invalid_argument("this processor or build has no instruction set named " + isa);
}

int products_per_cycle(Isa isa) {
    // The baseline lacks fused multiply-adds: a product and a sum take two of the places.
    if (isa == Isa::baseline) return 1;
    static const bool halved = has_halved_units();
    return isa == Isa::avx512 && halved ? 1 : 2;
}

}  // namespace deconvs
