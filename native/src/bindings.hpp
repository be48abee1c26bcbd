// The parts of the Python module that stand in files of their own.
#pragma once

#include <nanobind/nanobind.h>

namespace deconvs {

void bind_machine(nanobind::module_& m);

}  // namespace deconvs
