#include "nodes/sd/sampling/control.h"

#include <ATen/ATen.h>

#include "base/error.h"

namespace weft::sd {

void add_residuals(ControlResiduals& to, const ControlResiduals& more, double strength) {
  if (to.down.empty()) to.down.resize(more.down.size());
  if (to.down.size() != more.down.size())
    throw NodeError("two ControlNets for different kinds of models are applied at once",
        "use ControlNets that were made for this model's family");
  for (std::size_t i = 0; i < more.down.size(); ++i) {
    const at::Tensor scaled = more.down[i] * strength;
    to.down[i] = to.down[i].defined() ? to.down[i] + scaled : scaled;
  }
  const at::Tensor mid = more.mid * strength;
  to.mid = to.mid.defined() ? to.mid + mid : mid;
}

}  // namespace weft::sd
