// Values of diffusion as bytes and back: all that they hold, and errors for anything else.
#include "nodes/sd/values/bytes.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "base/error.h"

namespace weft::sd {
namespace {

void expect_same(const at::Tensor& a, const at::Tensor& b) {
  ASSERT_EQ(a.defined(), b.defined());
  if (!a.defined()) return;
  EXPECT_EQ(a.scalar_type(), b.scalar_type());
  EXPECT_TRUE(at::equal(a, b));
}

TEST(ValueBytes, OfALatentHoldItsMaskItsPlaceInABatchAndItsSpace) {
  Latent latent{.samples = at::randn({2, 3, 5, 7}),
      .noise_mask = at::rand({1, 1, 40, 56}),
      .batch_index = {4, 1},
      .batch_size = 8};
  latent.space.channels = 3;
  latent.space.downscale = 4;
  latent.space.scale = 0.1;
  latent.space.shift = -0.25;
  const Latent back = latent_of(parts_in(to_bytes(parts_of(latent))));
  expect_same(back.samples, latent.samples);
  expect_same(back.noise_mask, latent.noise_mask);
  EXPECT_EQ(back.batch_index, latent.batch_index);
  EXPECT_EQ(back.batch_size, latent.batch_size);
  EXPECT_EQ(back.space, latent.space);
}

TEST(ValueBytes, OfAConditioningHoldEveryEntryWithItsPlaceAndTime) {
  weft::Conditioning conditioning;
  conditioning.entries.resize(2);
  ConditioningEntry &first = conditioning.entries[0], &second = conditioning.entries[1];
  first.context = at::randn({1, 7, 8});
  first.pooled = at::randn({1, 8});
  first.area = PixelArea{64, 128, 8, 16};
  first.strength = 0.5;
  first.start_percent = 0.25;
  first.tokens = {{"fox", 1.2}, {"\xf0\x9f\xa6\x8a", 1}};
  second.context = at::randn({2, 3, 8});
  second.mask = at::rand({1, 16, 16});
  second.mask_strength = 0.75;
  second.range_in_steps = true;
  second.composed = {2, -0.5};
  second.area_from_mask = true;
  second.area = FractionArea{0.5, 0.25, 0.125, 0};
  second.concat_latent = at::randn({1, 4, 8, 8});
  second.concat_mask = at::rand({1, 1, 8, 8});
  const weft::Conditioning back = conditioning_of(parts_in(to_bytes(parts_of(conditioning))));
  ASSERT_EQ(back.entries.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const ConditioningEntry &a = back.entries[i], &b = conditioning.entries[i];
    expect_same(a.context, b.context);
    expect_same(a.pooled, b.pooled);
    expect_same(a.mask, b.mask);
    expect_same(a.concat_latent, b.concat_latent);
    expect_same(a.concat_mask, b.concat_mask);
    expect_same(a.concat_map, b.concat_map);
    EXPECT_EQ(a.area, b.area);
    EXPECT_EQ(a.strength, b.strength);
    EXPECT_EQ(a.mask_strength, b.mask_strength);
    EXPECT_EQ(a.area_from_mask, b.area_from_mask);
    EXPECT_EQ(a.start_percent, b.start_percent);
    EXPECT_EQ(a.end_percent, b.end_percent);
    EXPECT_EQ(a.range_in_steps, b.range_in_steps);
    EXPECT_EQ(a.composed, b.composed);
    ASSERT_EQ(a.tokens.size(), b.tokens.size());
    for (std::size_t k = 0; k < a.tokens.size(); ++k) {
      EXPECT_EQ(a.tokens[k].text, b.tokens[k].text);
      EXPECT_EQ(a.tokens[k].weight, b.tokens[k].weight);
    }
  }
}

TEST(ValueBytes, OfSigmasAndMapsAreTheSame) {
  EXPECT_EQ(sigmas_of(parts_in(to_bytes(parts_of(Sigmas{{14.6f, 0.1f, 0}})))).values, (std::vector{14.6f, 0.1f, 0.f}));
  const SegmentationMap map{at::arange(6).view({1, 2, 3}) % 2, {{"sky", {0, 128, 255}}, {"wet sand", {255, 200, 0}}}};
  const SegmentationMap back = segmentation_map_of(parts_in(to_bytes(parts_of(map))));
  expect_same(back.classes, map.classes);
  ASSERT_EQ(back.legend.size(), 2u);
  EXPECT_EQ(back.legend[1].name, "wet sand");
  EXPECT_EQ(back.legend[1].rgb, map.legend[1].rgb);
}

TEST(ValueBytes, OfAnotherKindOrDamagedAreErrors) {
  const std::string latent = to_bytes(parts_of(Latent{.samples = at::zeros({1, 4, 8, 8})}));
  EXPECT_THROW(sigmas_of(parts_in(latent)), NodeError);
  EXPECT_THROW(conditioning_of(parts_in(latent)), NodeError);
  EXPECT_THROW(segmentation_map_of(parts_in(latent)), NodeError);
  EXPECT_THROW(latent_of(parts_in(to_bytes(parts_of(Sigmas{{1, 0}})))), NodeError);
  EXPECT_THROW(parts_in(""), NodeError);
  for (std::size_t length = 0; length < latent.size(); length += 7)
    EXPECT_THROW(parts_in(latent.substr(0, length)), NodeError) << length;
  SegmentationMap map{at::full({1, 2, 2}, 5, at::kLong), {{"sky", {0, 0, 0}}}};
  EXPECT_THROW(segmentation_map_of(parts_in(to_bytes(parts_of(map)))), NodeError) << "a class beyond the legend";
}

}  // namespace
}  // namespace weft::sd
