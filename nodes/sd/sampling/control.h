// Control: a network that steers the U-Net by a picture (a ControlNet), as conditioning carries it. Where the network is, and
// how it gets onto a device, is values/'s business: here it is opened by a function. Copies are cheap. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

#include "nodes/sd/networks/network_call.h"

namespace weft::sd {

/// Some network. values/ derives from it.
class ControlSource {
 public:
  virtual ~ControlSource() = default;
};

/// What the network adds to a call: `hint` is the picture as it was given.
using ControlFunction = std::function<ControlResiduals(const NetworkCall& call, const at::Tensor& hint)>;
using OpenControl = std::function<ControlFunction(const ControlSource& source)>;

struct Control {
  std::shared_ptr<const ControlSource> source;
  at::Tensor hint;  ///< [B or 1, 3, H, W] in [0, 1], any size
  double strength = 1;
  double start_percent = 0, end_percent = 1;  ///< the share of sampling in which it counts
  bool also_negative = false;  ///< where the negative side has no control, this is its, too
};

/// One after the other: what they add is added together.
using Controls = std::vector<std::shared_ptr<const Control>>;

/// Adds `more`, times `strength`, to what a call has. Throws NodeError where they are of two kinds of U-Nets.
void add_residuals(ControlResiduals& to, const ControlResiduals& more, double strength);

}  // namespace weft::sd
