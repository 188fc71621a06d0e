#include "editor/session/node_text.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "editor/session/search.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

const std::filesystem::path kCatalogues = std::filesystem::path(WEFT_BINARY_DIR) / "share/weft/translations";

class NodeText : public testing::Test {
 protected:
  void TearDown() override { choose_language({}, "en"); }

  const NodeInfo sampler_{.id = "sample.ksampler", .options = {.title = "KSampler", .menu = "Sampling/Parts"}};
};

TEST_F(NodeText, IsWhatThePluginDeclaresInEnglish) {
  EXPECT_EQ(shown_title(sampler_), "KSampler");
  EXPECT_EQ(shown_menu("Sampling/Parts"), "Sampling/Parts");
  EXPECT_EQ(port_label("add_noise"), "Add noise");
  EXPECT_EQ(port_label("vae"), "VAE");
  EXPECT_EQ(shown_choice("whole picture"), "whole picture");
}

TEST_F(NodeText, IsInTheUsersLanguage) {
  choose_language(kCatalogues, "zh_CN");
  EXPECT_EQ(shown_title(sampler_), "K 采样器");
  EXPECT_EQ(shown_title(ValueType{.title = "Image"}), "图像");
  EXPECT_EQ(shown_menu("Sampling/Parts"), "采样/组件");
  EXPECT_EQ(port_label("add_noise"), "添加噪声");
  EXPECT_EQ(shown_choice("whole picture"), "整张图像");
}

TEST_F(NodeText, TellsApartWhatIsWrittenAlike) {
  choose_language(kCatalogues, "de");
  EXPECT_EQ(port_label("left"), "Links");       // an edge
  EXPECT_EQ(shown_choice("left"), "links");     // where text begins
  EXPECT_EQ(shown_menu("Loaders"), "Laden");
}

TEST_F(NodeText, OfOtherPluginsStaysAsItIs) {
  choose_language(kCatalogues, "ja");
  EXPECT_EQ(
      shown_title({.id = "other.thing", .options = {.title = "Other Thing", .menu = "Elsewhere"}}), "Other Thing");
  EXPECT_EQ(shown_menu("Elsewhere/Mask"), "Elsewhere/マスク");
  EXPECT_EQ(shown_choice("euler_ancestral"), "euler_ancestral");
}

TEST_F(NodeText, OfASubgraphIsItsMakers) {
  choose_language(kCatalogues, "zh_CN");
  EXPECT_EQ(shown_title({.id = "subgraph:Sampler", .options = {.title = "Sampler"}}), "Sampler");
}

TEST_F(NodeText, IsFoundInBothLanguages) {
  choose_language(kCatalogues, "zh_CN");
  const NodeInfo load{.id = "image.load", .options = {.title = "Load Image", .menu = "Image"}};
  const std::vector<Searchable> list = searchable_choices({{&sampler_, {}}, {&load, {}}});
  for (const char* query : {"采样", "ksampler", "K 采"}) {
    const std::vector<SearchHit> hits = search(query, list);
    ASSERT_EQ(hits.size(), 1u) << query;
    EXPECT_EQ(list[hits[0].index].key, "sample.ksampler");
  }
  EXPECT_EQ(search("load image", list).at(0).index, 1u);
  EXPECT_THAT(search("图像", list).at(0).title_positions, testing::ElementsAre(6u, 9u)) << "whole characters";
}

TEST_F(NodeText, IsFoundWithLettersOfEitherCase) {
  choose_language(kCatalogues, "de");
  const NodeInfo grow{.id = "x.y", .options = {.title = "Ändern", .menu = "Mask"}};
  EXPECT_EQ(search("ändern", searchable_choices({{&grow, {}}})).size(), 1u);
}

}  // namespace
}  // namespace weft::editor
