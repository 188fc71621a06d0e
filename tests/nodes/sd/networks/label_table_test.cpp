#include "nodes/sd/networks/label_table.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "nodes/sd/families/label_names.h"
#include "nodes/sd/networks/map_rescaler.h"

namespace weft::sd {
namespace {

using testing::HasSubstr;

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

LabelTable foxes() {
  return {
      at::arange(8, at::kFloat).view({4, 2}), {"red fox, Vulpes vulpes", "kit fox", "Arctic fox, white fox", "owl"}};
}

TEST(LabelTable, FindsAClassByAnyOfItsNamesOrItsNumber) {
  EXPECT_EQ(foxes().find("arctic fox"), 2);
  EXPECT_EQ(foxes().find(" White-Fox "), 2);
  EXPECT_EQ(foxes().find("vulpes vulpes"), 0);
  EXPECT_EQ(foxes().find("red fox, Vulpes vulpes"), 0);
  EXPECT_EQ(foxes().find("3"), 3);
}

TEST(LabelTable, ProposesTheNearestNames) {
  EXPECT_THAT(error_of([] { foxes().find("artic fox"); }), HasSubstr("the nearest are 'Arctic fox, white fox'"));
  EXPECT_THAT(error_of([] { foxes().find("owls"); }), HasSubstr("the nearest are 'owl'"));
  const std::string of_fox = error_of([] { foxes().find("fox"); });
  EXPECT_THAT(of_fox, testing::AllOf(HasSubstr("kit fox"), HasSubstr("red fox"), HasSubstr("Arctic fox")));
}

TEST(LabelTable, SaysWhichNumbersThereAre) {
  EXPECT_THAT(error_of([] { foxes().find("4"); }), HasSubstr("there is no class 4: give 0 to 3"));
  EXPECT_THAT(error_of([] { foxes().find("-1"); }), HasSubstr("there is no class -1"));
  const std::vector<std::int64_t> labels{0, 4};
  EXPECT_THAT(error_of([&] { foxes().context(labels); }), HasSubstr("there is no class 4"));
  const LabelTable nameless(at::zeros({3, 2}), {});
  EXPECT_THAT(error_of([&] { nameless.find("fox"); }), HasSubstr("have no names"));
}

TEST(LabelTable, GivesARowOfItsTableAsTokens) {
  const std::vector<std::int64_t> labels{2, 0};
  EXPECT_TRUE(foxes().context(labels).equal(at::tensor({4.f, 5.f, 0.f, 1.f}).view({2, 1, 2})));
  const LabelTable two_tokens(at::arange(8, at::kFloat).view({2, 2, 2}), {});
  const std::vector<std::int64_t> one{1};
  EXPECT_EQ(two_tokens.context(one).sizes(), at::IntArrayRef({1, 2, 2}));
}

TEST(LabelNames, AreImageNetsForAThousandClasses) {
  const auto names = usual_label_names(1001);
  ASSERT_EQ(names.size(), 1001u);
  EXPECT_EQ(names[0], "tench");
  EXPECT_EQ(names[279], "Arctic fox");
  EXPECT_EQ(names[999], "toilet paper");
  EXPECT_EQ(names[1000], "unconditional");
  EXPECT_EQ(usual_label_names(1000).size(), 1000u);
  EXPECT_TRUE(usual_label_names(10).empty());
}

TEST(MapRescaler, AveragesSquaresAndMixesClasses) {
  const at::Tensor map = at::arange(16, at::kFloat).view({1, 1, 4, 4});
  EXPECT_TRUE(MapRescaler(1)(map).equal(at::tensor({2.5f, 4.5f, 10.5f, 12.5f}).view({1, 1, 2, 2})));
  EXPECT_EQ(MapRescaler(2)(map).item<float>(), 7.5f);
  const MapRescaler mixing(1, at::tensor({1.f, 10.f, -1.f, 0.f}).view({2, 2, 1, 1}));
  const at::Tensor ones = at::cat({at::ones({1, 1, 2, 2}), at::full({1, 1, 2, 2}, 2.f)}, 1);
  EXPECT_TRUE(mixing(ones).flatten().equal(at::tensor({21.f, -1.f})));
}

TEST(MapRescaler, SaysWhatMapItNeeds) {
  const MapRescaler two_classes(2, at::ones({3, 2, 1, 1}));
  EXPECT_THAT(
      error_of([&] { two_classes(at::ones({1, 5, 8, 8})); }), HasSubstr("has 5 classes, the model was trained on 2"));
  EXPECT_THAT(error_of([&] { two_classes(at::ones({1, 2, 3, 8})); }), HasSubstr("cannot be halved 2 times"));
}

}  // namespace
}  // namespace weft::sd
