// A whole text-to-image against diffusers and transformers (tests/reference/make_pipeline_golden.py).
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/values/values.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

TEST(GoldenPipeline, EightStepsFromTheSameNoiseGiveDiffusersPicture) {
  Workflow workflow = load_workflow(source_folder() / "workflows/text-to-image.json");
  Bench bench;
  for (const auto& [name, value] : {std::pair{"prompt", "a red boat on the sea at sunset"}, {"sampler.sampler", "ddim"},
           {"sampler.schedule", "ddim_uniform"}, {"steps", "8"}, {"cfg", "4"}, {"seed", "42"}})
    set_by_name(workflow, bench.registry(), name, value);
  const RunResult result = bench.run(workflow, {"decode", "positive", "sampler"});
  const auto golden =
      sd::SafetensorsFile::open((source_folder() / "tests/workflows/golden/text_to_image.safetensors").string());

  const auto relative_error = [&](const at::Tensor& found, const std::string& name) {
    const at::Tensor expected = golden.tensor(name);
    return ((found - expected).norm() / expected.norm()).item<double>();
  };
  EXPECT_LE(relative_error(output<Conditioning>(result, "positive").entries[0].context, "context"), 1e-4);
  EXPECT_LE(relative_error(output<Latent>(result, "sampler").samples, "latent"), 1e-3);
  const at::Tensor error = output<Image>(result, "decode").pixels() - golden.tensor("image").to(at::kFloat);
  EXPECT_GE(-10 * std::log10(error.square().mean().item<double>()), 50) << "dB PSNR";
}

}  // namespace
}  // namespace weft::test
