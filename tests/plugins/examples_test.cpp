// The example plugins, found by their manifests and run by the executor, as any user's.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

#include "graph/executor.h"
#include "nodes/sd/values/values.h"
#include "plugins/check.h"
#include "plugins/loader.h"
#include "plugins/values.h"

namespace weft {
namespace {

using testing::IsEmpty;

/// Gives a picture to a graph: a ramp from black to white in 12 columns, 8 rows, as a batch of two.
class RampImage final : public Node {
  Output<Image> image_{*this, "image"};
  void run(RunContext& ctx) const override {
    ctx.set(image_, Image(torch::linspace(0, 1, 12).view({1, 1, 12, 1}).expand({2, 8, 12, 3}).contiguous()));
  }
};

class Examples : public testing::Test {
 protected:
  Examples() : host_(registry_, {std::filesystem::path(WEFT_BINARY_DIR) / "lib/weft/plugins"}) {
    registry_.add<RampImage>("test.ramp", {});
  }

  /// Runs a workflow and returns the first output of its node `wanted`.
  Value run(const std::string& workflow, const std::string& wanted) {
    const auto runtime = make_cpu_runtime();
    Executor executor(registry_, *runtime);
    const RunResult result =
        executor.run({.graph = parse_workflow(workflow).graph, .wanted = {wanted}, .environment = {}});
    EXPECT_TRUE(result.ok) << (result.problems.empty() ? "" : result.problems.front().text());
    return result.ok ? result.nodes.at(wanted).outputs.at(0) : Value();
  }

  Registry registry_;
  const PluginHost host_;
};

std::int64_t count_of_tones(const torch::Tensor& pixels) { return std::get<0>(at::_unique(pixels)).numel(); }

TEST_F(Examples, AreAllTakenIn) {
  for (const char* id : {"weft.example.image_filter", "weft.example.custom_value", "weft.example.custom_sampler"}) {
    const auto found = std::ranges::find(host_.plugins(), id, &PluginInfo::id);
    ASSERT_NE(found, host_.plugins().end()) << id;
    EXPECT_EQ(found->problem, "");
  }
}

TEST_F(Examples, PosteriseLeavesAsManyTonesAsAsked) {
  const Value image = run(R"({"weft": 1, "nodes": {"ramp": {"type": "test.ramp"},
      "filter": {"type": "example.posterise", "inputs": {"image": {"link": "ramp.image"}, "tones": 3}}}})",
      "filter");
  const torch::Tensor& pixels = image.as<Image>().pixels();
  EXPECT_EQ(pixels.size(0), 2);
  EXPECT_EQ(count_of_tones(pixels), 3);
  EXPECT_FLOAT_EQ(pixels.min().item<float>(), 0);
  EXPECT_FLOAT_EQ(pixels.max().item<float>(), 1);
}

TEST_F(Examples, PosteriseWithAmountZeroKeepsThePicture) {
  const Value image = run(R"({"weft": 1, "nodes": {"ramp": {"type": "test.ramp"},
      "filter": {"type": "example.posterise", "inputs": {"image": {"link": "ramp.image"}, "amount": 0}}}})",
      "filter");
  EXPECT_TRUE(image.as<Image>().pixels()[0][0].select(1, 0).equal(torch::linspace(0, 1, 12)));
}

TEST_F(Examples, APaletteTravelsAlongALinkLikeAnyOtherValue) {
  const Value image = run(R"({"weft": 1, "nodes": {"ramp": {"type": "test.ramp"},
      "palette": {"type": "example.extract_palette", "inputs": {"image": {"link": "ramp.image"}, "count": 4}},
      "paint": {"type": "example.apply_palette",
                "inputs": {"image": {"link": "ramp.image"}, "palette": {"link": "palette.palette"}}}}})",
      "paint");
  EXPECT_EQ(count_of_tones(image.as<Image>().pixels()), 4);
}

TEST_F(Examples, APaletteDescribesAndShowsItself) {
  const Value palette = run(R"({"weft": 1, "nodes": {"ramp": {"type": "test.ramp"},
      "palette": {"type": "example.extract_palette", "inputs": {"image": {"link": "ramp.image"}, "count": 2}}}})",
      "palette");
  const ValueType* type = registry_.find_type("example.palette");
  ASSERT_TRUE(type && type->describe && type->preview);
  EXPECT_EQ(type->describe(palette), (nlohmann::json{"#3a3a3a", "#c5c5c5"}));  // the means of the ramp's two halves
  const Picture picture = type->preview(palette);
  EXPECT_EQ(picture.width, 2 * picture.height);
  EXPECT_EQ(picture.rgb.front(), 0x3a);
  EXPECT_EQ(picture.rgb.back(), 0xc5);
}

/// For data that are standard normal numbers the model is known, x0 = x / (1 + sigma^2), and so is the exact
/// end: x_start * sqrt((1 + sigma_end^2) / (1 + sigma_start^2)).
double error_of_sampler(const Sampler& sampler, int steps) {
  sd::SamplerCall call;
  call.denoise = [](const at::Tensor& x, float sigma) { return x / (1 + sigma * sigma); };
  call.x = torch::ones({1, 1, 1, 1}, torch::kFloat64);
  for (int i = 0; i <= steps; ++i)
    call.sigmas.push_back(static_cast<float>(10 * std::pow(0.1 / 10, i / double(steps))));
  const double exact = std::sqrt((1 + 0.1 * 0.1) / (1 + 10.0 * 10.0));
  return std::abs(sampler.method.run(call).item<double>() - exact);
}

TEST_F(Examples, TheTwoPointSamplerIsOfSecondOrderOrBetter) {
  for (const char* place : {"0.2", "0.5", "1.0"}) {
    const Value sampler = run(
        fmt::format(
            R"({{"weft": 1, "nodes": {{"s": {{"type": "example.two_point_sampler", "inputs": {{"place": {}}}}}}}}})",
            place),
        "s");
    const double coarse = error_of_sampler(sampler.as<Sampler>(), 20);
    const double fine = error_of_sampler(sampler.as<Sampler>(), 40);
    EXPECT_GT(coarse / fine, 3.5) << "twice the steps, a quarter of the error or less; place " << place;
    EXPECT_LT(fine, 1e-3);
  }
}

class EachExample : public testing::TestWithParam<std::string> {};

TEST_P(EachExample, PassesTheCheckerWithoutAWarning) {
  const auto library =
      std::filesystem::path(WEFT_BINARY_DIR) / "lib/weft/plugins" / ("libexample_" + GetParam() + ".so");
  for (const CheckResult& result :
      check_plugin(library, {.child = {WEFT_BINARY_DIR "/bin/weft_plugins_tests", "check-one"}})) {
    EXPECT_EQ(result.verdict, CheckResult::Verdict::Pass) << result.test;
    EXPECT_THAT(result.findings, IsEmpty()) << result.test;
  }
}

INSTANTIATE_TEST_SUITE_P(Examples, EachExample, testing::Values("image_filter", "custom_value", "custom_sampler"),
    [](const auto& info) { return info.param; });

}  // namespace
}  // namespace weft
