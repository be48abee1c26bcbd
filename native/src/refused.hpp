// A request that cannot be met, in the three parts of Python's GeometryError.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace deconvs {

struct Refused : std::runtime_error {
    Refused(std::string what_, std::string values_, std::string fix_)
        : std::runtime_error(what_ + ": " + values_ + "; " + fix_),
          wrong(std::move(what_)),
          values(std::move(values_)),
          fix(std::move(fix_)) {}

    std::string wrong, values, fix;
};

}  // namespace deconvs
