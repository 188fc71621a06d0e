// What adapters do to a weight, against LyCORIS and peft (tests/reference/make_adapter_golden.py).
#include "nodes/sd/adapters/weight_change.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "nodes/sd/files/safetensors.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

const AdapterForm& form(const AdapterTensors& tensors) {
  if (const AdapterForm* found = form_of(tensors)) return *found;
  throw std::logic_error("no form");
}

class AdapterGolden : public testing::TestWithParam<const char*> {};

TEST_P(AdapterGolden, AgreesWithTheTrainingLibrary) {
  const std::string name = GetParam(), prefix = name + ".file.";
  const bool early = SafetensorsFile::open(golden("adapters.safetensors")).entries().contains(name + ".weight");
  const auto file = SafetensorsFile::open(golden(early ? "adapters.safetensors" : "adapter_forms.safetensors"));
  AdapterTensors tensors;
  for (const auto& [tensor, entry] : file.entries())
    if (tensor.starts_with(prefix)) tensors.by_role[tensor.substr(prefix.size())] = file.tensor(tensor);
  if (tensors.has("peft_magnitude")) tensors.by_role["dora_scale"] = tensors.by_role["peft_magnitude"].flatten();
  ASSERT_FALSE(tensors.by_role.empty());

  const WeightChange change = form(tensors).change(tensors, 1);
  const at::Tensor weight = early ? file.tensor(name + ".weight").clone()
      : name.ends_with("_linear") ? seeded_normal("linear", {16, 12})
                                  : seeded_normal("conv", {8, 6, 3, 3});
  const at::Tensor before = weight.clone();
  for (const auto& [at, strength] : {std::pair(".at_1", 1.0), std::pair(".at_0.5", 0.5)}) {
    if (!file.entries().contains(name + at)) continue;
    const at::Tensor expected = file.tensor(name + at), found = change(weight, strength);
    ASSERT_EQ(found.sizes(), expected.sizes());
    EXPECT_LT(((found - expected).norm() / expected.norm()).item<double>(), 1e-6) << at;
  }
  EXPECT_TRUE(weight.equal(before));
}

/// ComfyUI's own numbers, for files of the same names.
TEST(Dora, IsByComfyUIsFormulaWhereThatIsChosen) {
  const auto file = SafetensorsFile::open(golden("adapter_forms.safetensors"));
  for (const std::string name : {"dora_linear", "dora_conv", "dora_inputs_linear", "dora_inputs_conv"}) {
    const std::string prefix = name + ".file.";
    AdapterTensors tensors;
    tensors.dora_as_comfyui = true;
    const auto given = SafetensorsFile::open(golden("adapters.safetensors"));
    for (const auto& [tensor, entry] : given.entries())
      if (tensor.starts_with(prefix)) tensors.by_role[tensor.substr(prefix.size())] = given.tensor(tensor);
    const WeightChange change = form(tensors).change(tensors, 1);
    const at::Tensor expected = file.tensor(name + ".comfyui_at_0.5");
    const at::Tensor found = change(given.tensor(name + ".weight"), 0.5);
    EXPECT_LT(((found - expected).norm() / expected.norm()).item<double>(), 1e-6) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, AdapterGolden,
    testing::Values("lora_linear", "lora_conv", "locon_core_conv", "dora_linear", "dora_conv", "dora_inputs_linear",
        "dora_inputs_conv", "peft_dora_linear", "peft_dora_conv", "loha_linear", "loha_conv", "loha_core_conv",
        "lokr_linear", "lokr_conv", "lokr_both_linear", "lokr_both_conv", "lokr_whole_linear", "lokr_whole_conv",
        "lokr_core_conv", "oft_linear", "oft_conv", "oft_bound_linear", "oft_rescaled_conv", "boft_linear",
        "boft_rescaled_linear", "glora_linear", "glora_conv", "ia3_linear", "ia3_conv", "ia3_inputs_linear",
        "ia3_inputs_conv", "full_linear", "peft_oft_linear", "peft_oft_shared_linear", "peft_oft_conv"),
    [](const auto& info) { return info.param; });

at::Tensor change_of_lora(std::optional<double> alpha, double usual_scale) {
  AdapterTensors tensors{{{"lora_up", at::ones({3, 4})}, {"lora_down", at::ones({4, 2})}}, "a"};
  if (alpha) tensors.by_role["alpha"] = at::tensor(*alpha);
  return form(tensors).change(tensors, usual_scale)(at::zeros({3, 2}), 1);
}

// weights-on-disk's questions 19 and 20.
TEST(LoraScale, IsAlphaByRankOrWhatTheFileSays) {
  EXPECT_TRUE(change_of_lora(2, 1).equal(at::full({3, 2}, 2.0))) << "4 products of 1, times 2 / 4";
  EXPECT_TRUE(change_of_lora(0, 1).equal(at::zeros({3, 2}))) << "as diffusers and ComfyUI have it";
  EXPECT_TRUE(change_of_lora(-1, 1).equal(at::full({3, 2}, -1.0)));
  EXPECT_TRUE(change_of_lora(std::nullopt, 1).equal(at::full({3, 2}, 4.0)));
  EXPECT_TRUE(change_of_lora(std::nullopt, 0.5).equal(at::full({3, 2}, 2.0)));
}

TEST(WeightChange, SaysWhatDoesNotFit) {
  const auto error = [](std::map<std::string, at::Tensor> roles, at::IntArrayRef weight) -> std::string {
    try {
      const AdapterTensors tensors{std::move(roles), "a"};
      form(tensors).change(tensors, 1)(at::zeros(weight), 1);
    } catch (const std::invalid_argument& problem) {
      return problem.what();
    }
    return "no error";
  };
  using testing::HasSubstr;
  const at::Tensor m = at::ones({4, 4});
  EXPECT_THAT(error({{"lora_up", m}, {"lora_down", at::ones({3, 4})}}, {4, 4}), HasSubstr("do not fit each other"));
  EXPECT_THAT(error({{"lora_up", m}, {"lora_down", at::ones({0, 4})}}, {4, 4}), HasSubstr("no matrix"));
  EXPECT_THAT(error({{"lora_up", m}, {"lora_down", m}}, {4, 5}), HasSubstr("the shape [4, 4], the weight [4, 5]"));
  EXPECT_THAT(error({{"lora_up", m}, {"lora_down", m}, {"alpha", m}}, {4, 4}), HasSubstr("no single number"));
  EXPECT_THAT(error({{"lora_up", m}, {"lora_down", m}, {"lora_mid", m}}, {4, 4}), HasSubstr("core does not fit"));
  EXPECT_THAT(error({{"lora_up", m}, {"lora_down", m}, {"dora_scale", at::ones({3})}}, {4, 4}), HasSubstr("magnitude"));
  EXPECT_THAT(error({{"hada_w1_a", m}, {"hada_w1_b", m}, {"hada_w2_a", m}, {"hada_w2_b", at::ones({4, 3})}}, {4, 4}),
      HasSubstr("differ in shape"));
  EXPECT_THAT(error({{"lokr_w1", at::ones({4})}, {"lokr_w2", m}}, {4, 4}), HasSubstr("no matrix"));
  EXPECT_THAT(error({{"oft_blocks", at::ones({2, 3, 3})}}, {4, 4}), HasSubstr("not as many as the outputs"));
  EXPECT_THAT(error({{"oft_blocks", at::ones({3, 2, 2, 2})}}, {4, 4}), HasSubstr("more stages"));
  EXPECT_THAT(error({{"oft_R", at::ones({2, 4})}}, {4, 4}), HasSubstr("holds no triangles"));
  EXPECT_THAT(error({{"oft_R", at::ones({3, 3})}}, {4, 4}), HasSubstr("not as many as the inputs"));
  EXPECT_THAT(error({{"a1", m}, {"a2", at::ones({3, 4})}, {"b1", m}, {"b2", m}}, {4, 4}),
      HasSubstr("not of the layer's inputs"));
  EXPECT_THAT(error({{"a1", m}, {"a2", m}, {"b1", m}, {"b2", m}}, {4, 5}), HasSubstr("not of the layer's inputs"));
  EXPECT_THAT(error({{"ia3", at::ones({3})}, {"on_input", at::tensor(1)}}, {4, 4}), HasSubstr("as the channels"));
  EXPECT_THAT(error({{"set_weight", at::ones({4})}}, {4, 4}), HasSubstr("another shape"));
}

}  // namespace
}  // namespace weft::sd
