// Hypernetworks against ComfyUI's patch, and where that differs the web UI's layers (tests/reference/make_hypernetwork_golden.py).
#include "nodes/sd/adapters/hypernetwork.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/safetensors.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Metadata = std::map<std::string, std::string>;

constexpr std::int64_t kWidth = 8;
constexpr double kStrength = 0.7;

TensorMap network(bool norms) {
  TensorMap tensors;
  const std::vector<std::vector<std::int64_t>> plain{{2 * kWidth, kWidth}, {kWidth, 2 * kWidth}};
  const std::vector<std::vector<std::int64_t>> normed{
      {2 * kWidth, kWidth}, {2 * kWidth}, {kWidth, 2 * kWidth}, {kWidth}};
  for (const int side : {0, 1}) {
    int number = 0;
    for (const auto& shape : norms ? normed : plain) {
      const std::string layer = fmt::format("{}.{}.linear.{}.", kWidth, side, number);
      tensors[layer + "weight"] = seeded_weight(layer + "weight", shape);
      tensors[layer + "bias"] = seeded_weight(layer + "bias", {shape[0]});
      number += 5;  // so that they stand in another order by name
    }
  }
  return tensors;
}

class Hypernetworks : public testing::Test {
 protected:
  std::shared_ptr<const Hypernetwork> open(const TensorMap& tensors, const Metadata& metadata = {}) const {
    write_safetensors(folder_ / "h.safetensors", tensors, metadata);
    return Hypernetwork::open(folder_ / "h.safetensors");
  }
  std::string error_of(const TensorMap& tensors, const Metadata& metadata = {}) const {
    try {
      open(tensors, metadata);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "no error";
  }

  const at::NoGradGuard no_grad_;
  TemporaryFolder folder_;
};

TEST_F(Hypernetworks, ChangeKeysAndValuesAsTheReferenceDoes) {
  const auto file = SafetensorsFile::open(golden("hypernetwork.safetensors"));
  const std::pair<std::string, Metadata> cases[] = {{"linear", {}}, {"relu", {{"activation_func", "relu"}}},
      {"activated", {{"activation_func", "mish"}, {"activate_output", "true"}}},
      {"swish", {{"activation_func", "swish"}}},
      {"softsign", {{"activation_func", "softsign"}, {"activate_output", "true"}}},
      {"norms", {{"activation_func", "tanh"}, {"is_layer_norm", "true"}}}};
  const at::Tensor keys = seeded_normal("keys", {2, 3, kWidth}), values = seeded_normal("values", {2, 3, kWidth});
  for (const auto& [name, metadata] : cases) {
    const auto opened = open(network(name == "norms"), metadata);
    const at::Tensor expected_keys = file.tensor(name + ".keys"), expected_values = file.tensor(name + ".values");
    EXPECT_LT(((opened->of_keys(keys, kStrength) - expected_keys).norm() / expected_keys.norm()).item<double>(), 1e-6)
        << name;
    EXPECT_LT(
        ((opened->of_values(values, kStrength) - expected_values).norm() / expected_values.norm()).item<double>(), 1e-6)
        << name;
  }
}

TEST_F(Hypernetworks, LeaveOtherWidthsAndStrengthZeroAlone) {
  const auto opened = open(network(false));
  EXPECT_THAT(opened->widths(), ElementsAre(kWidth));
  const at::Tensor other = at::ones({1, 2, 12}), fitting = at::ones({1, 2, kWidth});
  EXPECT_TRUE(opened->of_keys(other, 1).equal(other));
  EXPECT_TRUE(opened->of_keys(fitting, 0).equal(fitting));
  EXPECT_FALSE(opened->of_keys(fitting, 1).equal(fitting));
  const at::Tensor half = opened->of_keys(fitting.to(at::kBFloat16), 1);
  EXPECT_EQ(half.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(half.to(at::kFloat).allclose(opened->of_keys(fitting, 1), 0.05, 0.05));
}

TEST_F(Hypernetworks, WhatIsNoneIsRefusedInASentence) {
  EXPECT_THAT(error_of({{"something", at::zeros({1})}}), HasSubstr("is no hypernetwork"));
  EXPECT_THAT(error_of(network(false), {{"activation_func", "cosine"}}), HasSubstr("\"cosine\", which is not known"));
  TensorMap tensors = network(false);
  tensors.erase("8.0.linear.0.bias");
  EXPECT_THAT(error_of(tensors), HasSubstr("layer 0 of width 8 does not fit"));
  tensors = network(false);
  tensors["8.1.linear.5.weight"] = at::zeros({7, 16});
  tensors["8.1.linear.5.bias"] = at::zeros({7});
  EXPECT_THAT(error_of(tensors), HasSubstr("the network of width 8 gives 7"));
}

}  // namespace
}  // namespace weft::sd
