// model.ip_adapter in workflows: what shows, where and when. What the network computes is held against diffusers in
// tests/nodes/sd/adapters/.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/ip_adapter.h"
#include "nodes/sd/networks/vision_encoder.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

using testing::HasSubstr;

template <class Network, class Config>
void write_seeded(const std::filesystem::path& file, const Config& config) {
  const auto source = std::make_shared<sd::SeededSource>();
  static_cast<void>(Network(config, sd::Weights(source)));
  std::filesystem::create_directories(file.parent_path());
  sd::write_safetensors(file, source->tensors());
}

class IPAdapterNodes : public testing::Test {
 protected:
  IPAdapterNodes() {
    const sd::Checkpoint model = sd::Checkpoint::open(source_folder() / "models/checkpoints/paper-cut");
    sd::IPAdapterConfig config{.image_width = 48, .token_width = model.unet_config().context_dim};
    for (const std::string& name : sd::attentions_to_context(model.unet_config()))
      config.widths.push_back(model.tensors(sd::Part::UNet).at(name + ".to_q.weight").size(0));
    write_seeded<sd::IPAdapter>(models_ / "ipadapter/small.safetensors", config);
    write_seeded<sd::VisionEncoder>(models_ / "clip_vision/small.safetensors", vision(48));
    write_seeded<sd::VisionEncoder>(models_ / "clip_vision/other.safetensors", vision(40));
  }

  static sd::VisionEncoderConfig vision(std::int64_t projection) {
    return {
        .picture = 32, .patch = 8, .width = 64, .layers = 3, .heads = 1, .mlp_width = 128, .projection = projection};
  }

  RunResult run(const std::string& params, const std::string& encoder = "small", bool may_fail = false) {
    return bench_.run(fmt::format(R"({{"weft": 1, "nodes": {{
        "model": {{"type": "checkpoint.load", "inputs": {{"name": "paper-cut"}}}},
        "ip": {{"type": "ip_adapter.load", "inputs": {{"name": "small.safetensors"}}}},
        "eye": {{"type": "clip_vision.load", "inputs": {{"name": "{}.safetensors"}}}},
        "half": {{"type": "mask.rectangle", "inputs": {{"width": 64, "height": 64}}}},
        "none": {{"type": "mask.solid", "inputs": {{"width": 64, "height": 64, "value": 0}}}},
        "picture": {{"type": "mask.to_image", "inputs": {{"mask": {{"link": "half.mask"}}}}}},
        "shown": {{"type": "model.ip_adapter", "inputs": {{"model": {{"link": "model.model"}}, "ip_adapter": {{"link": "ip.ip_adapter"}},
            "clip_vision": {{"link": "eye.clip_vision"}}, "image": {{"link": "picture.image"}}{}}}}},
        "text": {{"type": "text.encode", "inputs": {{"clip": {{"link": "model.clip"}}, "text": "a red boat"}}}},
        "empty": {{"type": "latent.empty", "inputs": {{"width": 64, "height": 64}}}},
        "sampler": {{"type": "sample.ksampler", "inputs": {{"model": {{"link": "shown.model"}},
            "positive": {{"link": "text.conditioning"}}, "negative": {{"link": "text.conditioning"}},
            "latent": {{"link": "empty.latent"}}, "seed": 3, "steps": 2, "cfg": 2}}}}}}}})",
                          encoder, params),
        {"sampler"}, may_fail);
  }
  at::Tensor latent(const std::string& params) { return output<Latent>(run(params), "sampler").samples; }

  const sd::TemporaryFolder models_;
  Bench bench_{{models_ / ""}};
};

double change(const at::Tensor& a, const at::Tensor& b) { return ((a - b).norm() / b.norm()).item<double>(); }

TEST_F(IPAdapterNodes, ShowThePictureByItsWeightInItsPlaceAndTime) {
  const at::Tensor plain = latent(R"(, "weight": 0)");
  const at::Tensor shown = latent("");
  EXPECT_GT(change(shown, plain), 0.01);
  EXPECT_LT(change(latent(R"(, "weight": 0.5)"), plain), change(shown, plain));
  EXPECT_LT(change(latent(R"(, "mask": {"link": "none.mask"})"), plain), 1e-5);
  EXPECT_GT(change(latent(R"(, "mask": {"link": "half.mask"})"), shown), 1e-3);
  EXPECT_GT(change(latent(R"(, "end": 0.3)"), shown), 1e-3);
  EXPECT_GT(change(latent(R"(, "weight_type": "weak output")"), shown), 1e-3);
}

TEST_F(IPAdapterNodes, SayWhichVisionEncoderFits) {
  const RunResult result = run("", "other", /*may_fail=*/true);
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_THAT(
      result.problems[0].text(), HasSubstr("the vision encoder gives 40 values, and the IP-Adapter was trained on 48"));
}

}  // namespace
}  // namespace weft::test
