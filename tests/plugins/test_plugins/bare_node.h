// The smallest node, for plugins that are bad elsewhere.
#pragma once

#include "plugins/entry.h"

class BareNode final : public weft::Node {
  weft::Output<int> one_{*this, "one"};
  void run(weft::RunContext& ctx) const override { ctx.set(one_, 1); }
};
