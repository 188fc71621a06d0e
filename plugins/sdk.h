// All that a plugin's author includes. A complete plugin:
//
//   #include "plugins/sdk.h"
//
//   namespace {
//   class InvertImage final : public weft::Node {
//     weft::Input<weft::Image> image_{*this, "image", {.tip = "RGB, values in [0, 1]"}};
//     weft::Param<float> amount_{*this, "amount", {.init = 1, .min = 0, .max = 1, .tip = "0 keeps, 1 inverts"}};
//     weft::Output<weft::Image> result_{*this, "image"};
//
//     void run(weft::RunContext& ctx) const override {
//       const torch::Tensor& in = ctx[image_].pixels();
//       ctx.set(result_, weft::Image(torch::lerp(in, 1 - in, ctx[amount_])));
//     }
//   };
//   }  // namespace
//
//   WEFT_PLUGIN("org.example.invert", "1.0.0", registry) {
//     registry.add<InvertImage>("image.invert", {.title = "Invert Image", .menu = "Image/Color"});
//   }
//
// docs/writing-a-plugin.md walks through it; plugins/examples/ holds three that are built and tested.
#pragma once

#include <torch/types.h>

#include "base/cancel_point.h"
#include "graph/node.h"
#include "plugins/entry.h"
#include "plugins/values.h"
