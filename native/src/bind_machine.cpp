// What Python asks about the machine, and the error that it is told: instruction sets, numbers of threads, refusals.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <exception>
#include <string>
#include <vector>

#include "isa.hpp"
#include "limits.hpp"
#include "refused.hpp"

namespace nb = nanobind;

namespace deconvs {

void bind_machine(nb::module_& m) {
  nb::register_exception_translator(
      [](const std::exception_ptr& thrown, void*) {
        try {
          std::rethrow_exception(thrown);
        } catch (const Refused& refused) {
          const nb::object error = nb::module_::import_("deconvs.errors").attr("GeometryError");
          const nb::tuple parts = nb::make_tuple(refused.wrong, refused.values, refused.fix);
          PyErr_SetObject(error.ptr(), parts.ptr());
        }
      },
      nullptr);

  m.def(
      "compiled",
      [] {
        std::vector<std::string> names;
        for (Isa isa : compiled()) names.emplace_back(name(isa));
        return names;
      },
      "Instruction sets that were built, whether or not this processor has them.");
  m.def(
      "thread_limits",
      [] {
        const ThreadLimits limits = thread_limits();
        return nb::make_tuple(limits.asked, limits.affinity, limits.quota);
      },
      "(DECONVS_NUM_THREADS, processors of the affinity, of the control group's quota); 0 where nothing is said.");
}

}  // namespace deconvs
