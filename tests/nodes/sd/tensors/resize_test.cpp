#include "nodes/sd/tensors/resize.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "tests/nodes/sampling_parts.h"

namespace weft::sd {
namespace {

TEST(GoldenResize, EveryMethodEqualsItsReference) {
  for (const auto& row : sampling_parts("resize")) {
    const std::int64_t height = row["from"][0], width = row["from"][1], new_height = row["to"][0],
                       new_width = row["to"][1];
    const at::Tensor input = at::tensor(row["input"].get<std::vector<float>>()).view({1, 3, height, width});
    for (const ResizeInfo& info : resize_methods()) {
      const at::Tensor expected = at::tensor(row["output"][std::string(info.name)].get<std::vector<float>>())
                                      .view({1, 3, new_height, new_width});
      const at::Tensor source = info.method == Resize::Bislerp ? input - 0.5 : input;
      const at::Tensor found = resize(source, new_width, new_height, info.method);
      EXPECT_LE((found - expected).abs().max().item<float>(), 1e-5f) << info.name << row["from"] << row["to"];
    }
  }
}

TEST(Resize, CenterCropsToTheNewAspectFirst) {
  const at::Tensor ramp = at::arange(8, at::kFloat).view({1, 1, 1, 8}).expand({1, 1, 4, 8});
  const at::Tensor found = resize(ramp, 4, 4, Resize::Bilinear, Crop::Center);
  EXPECT_TRUE(at::equal(found[0][0][0], at::tensor({2.0f, 3.0f, 4.0f, 5.0f})));
}

TEST(Resize, BislerpKeepsLengthsBetweenDirections) {
  at::Tensor x = at::zeros({1, 2, 1, 2});
  x[0][0][0][0] = 1;  // (1, 0) and (0, 1): bilinear would shrink what lies between
  x[0][1][0][1] = 1;
  const at::Tensor found = resize(x, 8, 1, Resize::Bislerp);
  EXPECT_TRUE(at::allclose(found.norm(2, {1}), at::ones({1, 1, 8})));
}

TEST(Resize, RefusesNothingToResizeToAndUnknownNames) {
  EXPECT_THROW(resize(at::zeros({1, 1, 4, 4}), 0, 4, Resize::Area), std::invalid_argument);
  EXPECT_THROW(resize_method("nearest"), std::invalid_argument);
  EXPECT_EQ(resize_method("nearest-exact"), Resize::NearestExact);
}

TEST(RepeatToBatch, CutsOrRepeatsFromTheStart) {
  const at::Tensor three = at::arange(3);
  EXPECT_TRUE(at::equal(repeat_to_batch(three, 2), at::arange(2)));
  EXPECT_TRUE(at::equal(repeat_to_batch(three, 4), at::tensor({0, 1, 2, 0})));
}

TEST(Resize, KeepsTheShapeWhereASideIsNotGiven) {
  const auto size = [](std::int64_t width, std::int64_t height, std::int64_t least) {
    const TargetSize target = keep_shape(5, 2, width, height, least);
    return std::pair(target.width, target.height);
  };
  EXPECT_EQ(size(0, 1, 1), std::pair(std::int64_t{2}, std::int64_t{1})) << "2.5: a half to even";
  EXPECT_EQ(size(0, 3, 1), std::pair(std::int64_t{8}, std::int64_t{3})) << "7.5";
  EXPECT_EQ(size(1, 0, 1), std::pair(std::int64_t{1}, std::int64_t{1})) << "never 0";
  EXPECT_EQ(size(7, 9, 1), std::pair(std::int64_t{7}, std::int64_t{9}));
  EXPECT_EQ(size(0, 8, 64), std::pair(std::int64_t{160}, std::int64_t{64})) << "what is given grows first";
}

}  // namespace
}  // namespace weft::sd
