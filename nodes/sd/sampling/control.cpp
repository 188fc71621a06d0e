#include "nodes/sd/sampling/control.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"

namespace weft::sd {
namespace {

void add(at::Tensor& to, const at::Tensor& more, double strength) {
  if (!more.defined()) return;
  to = to.defined() ? to + more * strength : more * strength;
}

}  // namespace

void add_residuals(ControlResiduals& to, const ControlResiduals& more, double strength) {
  if (to.down.empty()) to.down.resize(more.down.size());
  if (!more.down.empty() && to.down.size() != more.down.size())
    throw NodeError("two ControlNets for different kinds of models are applied at once",
        "use ControlNets that were made for this model's family");
  for (std::size_t i = 0; i < more.down.size(); ++i) add(to.down[i], more.down[i], strength);
  add(to.mid, more.mid, strength);
  to.within.resize(std::max(to.within.size(), more.within.size()));
  for (std::size_t i = 0; i < more.within.size(); ++i) add(to.within[i], more.within[i], strength);
}

}  // namespace weft::sd
