// Smoothed Energy Guidance against the paper's formulas, written out: queries blurred place by place, attention as sums.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nodes/sd/sampling/noise.h"
#include "nodes/sd/values/values.h"
#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

/// Where place i lands in a picture of n places that is mirrored at its edges.
std::int64_t mirrored(std::int64_t i, std::int64_t n) { return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i; }

at::Tensor blurred_by_hand(
    const at::Tensor& q, std::int64_t height, std::int64_t width, std::int64_t size, double sigma) {
  const at::Tensor picture = q.unflatten(1, {height, width});
  at::Tensor result = at::zeros_like(picture);
  double sum = 0;
  for (std::int64_t dy = -(size / 2); dy <= size / 2; ++dy)
    for (std::int64_t dx = -(size / 2); dx <= size / 2; ++dx) {
      const double weight = std::exp(-double(dy * dy + dx * dx) / (2 * sigma * sigma));
      sum += weight;
      for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x)
          result.select(1, y).select(1, x).add_(
              picture.select(1, mirrored(y + dy, height)).select(1, mirrored(x + dx, width)), weight);
    }
  return (result / sum).flatten(1, 2);
}

at::Tensor attention_by_hand(const sd::AttentionCall& call, const at::Tensor& q) {
  const std::int64_t width = q.size(2) / call.heads;
  std::vector<at::Tensor> heads;
  for (std::int64_t head = 0; head < call.heads; ++head) {
    const auto part = [&](const at::Tensor& x) { return x.narrow(2, head * width, width); };
    const at::Tensor scores = at::bmm(part(q), part(call.k).transpose(1, 2)) / std::sqrt(double(width));
    heads.push_back(at::bmm(at::softmax(scores, 2), part(call.v)));
  }
  return at::cat(heads, 2);
}

class Seg : public testing::Test {
 protected:
  static constexpr double kCfg = 4, kScale = 2.5;
  const at::NoGradGuard no_grad_;
  Bench bench_;

  /// x0 with the node, and by the formula from x0s of the plain model; `blur` stands for the blurred queries.
  void expect_formula(const std::string& sigma, const std::function<at::Tensor(const at::Tensor& q)>& blur) {
    const RunResult result = bench_.run(fmt::format(R"({{"weft": 1, "nodes": {{
        "checkpoint": {{"type": "checkpoint.load", "inputs": {{"name": "paper-cut"}}}},
        "seg": {{"type": "model.seg", "inputs": {{"model": {{"link": "checkpoint.model"}}, "scale": {}, "sigma": {}}}}},
        "yes": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": "a red boat"}}}},
        "no": {{"type": "text.encode", "inputs": {{"clip": {{"link": "checkpoint.clip"}}, "text": ""}}}}}}}})",
                                            kScale, sigma),
        {"checkpoint", "seg", "yes", "no"});
    const auto plain = output<Model>(result, "checkpoint").on({}), guided = output<Model>(result, "seg").on({});
    const auto& yes = output<Conditioning>(result, "yes").entries;
    const auto& no = output<Conditioning>(result, "no").entries;

    const float sigma_of_x = plain->table.sigma(600);
    const at::Tensor x = sd::initial_noise({1, 4, 24, 16}, 3) * sigma_of_x;  // 6 x 4 in the middle block
    const sd::Patch by_hand{.key = "by hand", .attention = [&](const sd::AttentionCall& call, const sd::Attend& next) {
                              return call.name == "mid_block.attentions.0.transformer_blocks.0.attn1"
                                  ? attention_by_hand(call, blur(call.q))
                                  : next(call);
                            }};
    const auto x0 = [&](const at::Tensor& context, const sd::Patches& patches = {}) {
      sd::NetworkCall call{.x = x, .context = context};
      call.patches = patches;
      return sd::predict_x0(*plain, std::move(call), sigma_of_x);
    };
    const at::Tensor positive = x0(yes[0].context), negative = x0(no[0].context);
    const at::Tensor smoothed = x0(yes[0].context, {std::make_shared<const sd::Patch>(by_hand)});
    const at::Tensor expected = negative + (positive - negative) * kCfg + (positive - smoothed) * kScale;
    const at::Tensor found = sd::GuidedDenoiser(*guided, yes, no, x, {.cfg = kCfg}).x0(x, sigma_of_x);
    EXPECT_LE((found - expected).abs().max().item<double>(), 1e-4);
    EXPECT_GT((positive - smoothed).abs().max().item<double>(), 1e-3) << "the blur does something";
    const at::Tensor alone = sd::GuidedDenoiser(*guided, yes, no, x, {.cfg = 1}).x0(x, sigma_of_x);
    EXPECT_LE((alone - positive - (positive - smoothed) * kScale).abs().max().item<double>(), 1e-4);
  }
};

TEST_F(Seg, BlursTheQueriesOfTheMiddleBlock) {
  // ceil(6 * 0.4) is 3 places; 6 * 3 would be 19, but the picture is 4 wide: 5.
  expect_formula("0.4", [](const at::Tensor& q) { return blurred_by_hand(q, 6, 4, 3, 0.4); });
  expect_formula("3", [](const at::Tensor& q) { return blurred_by_hand(q, 6, 4, 5, 3); });
}

TEST_F(Seg, TakesTheirMeanAboveASigmaOf9999) {
  expect_formula("10000", [](const at::Tensor& q) { return q.mean(1, true).expand_as(q); });
}

TEST_F(Seg, OfScale0IsThePlainModel) {
  const RunResult result = bench_.run(R"({"weft": 1, "nodes": {
      "checkpoint": {"type": "checkpoint.load", "inputs": {"name": "paper-cut"}},
      "seg": {"type": "model.seg", "inputs": {"model": {"link": "checkpoint.model"}, "scale": 0}}}})",
      {"checkpoint", "seg"});
  EXPECT_EQ(output<Model>(result, "seg").patch_key(), "");
}

}  // namespace
}  // namespace weft::test
