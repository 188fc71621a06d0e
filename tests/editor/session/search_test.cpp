#include "editor/session/search.h"

#include <gmock/gmock.h>

#include "graph/workflow.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> found(
    std::string_view query, const std::vector<Searchable>& list, const UsageMap& usage = {}) {
  std::vector<std::string> keys;
  for (const SearchHit& hit : search(query, list, usage)) keys.push_back(list[hit.index].key);
  return keys;
}

std::vector<Searchable> titles(const std::vector<std::string>& names) {
  std::vector<Searchable> list;
  for (const std::string& name : names) list.push_back({.key = name, .title = name});
  return list;
}

TEST(FuzzyMatch, TellsWhereTheLettersAre) {
  EXPECT_THAT(fuzzy_match("ks", "K Sampler")->positions, ElementsAre(0u, 2u));
  EXPECT_THAT(fuzzy_match("sam", "K Sampler")->positions, ElementsAre(2u, 3u, 4u));
  EXPECT_THAT(fuzzy_match("vd", "VAE Decode")->positions, ElementsAre(0u, 4u));
}

TEST(FuzzyMatch, NeedsAllLettersInTheirOrder) {
  EXPECT_FALSE(fuzzy_match("sk", "K Sampler"));
  EXPECT_FALSE(fuzzy_match("xyz", "K Sampler"));
  EXPECT_FALSE(fuzzy_match("longer than it", "K"));
}

TEST(FuzzyMatch, RunsFromZeroToOne) {
  EXPECT_EQ(fuzzy_match("sampler", "Sampler")->score, 1);
  EXPECT_EQ(fuzzy_match("", "Sampler")->score, 0);
  EXPECT_GT(fuzzy_match("samp", "Sampler")->score, fuzzy_match("smpl", "Sampler")->score);
  EXPECT_GT(fuzzy_match("load", "Load Image")->score, fuzzy_match("load", "Reload")->score);
}

TEST(Search, PutsTheBestMatchFirst) {
  const auto list = titles({"Unload", "Load Image", "Load", "Latent Add", "Save"});
  EXPECT_THAT(found("load", list).at(0), "Load");
  EXPECT_THAT(found("load", list).at(1), "Load Image");
  EXPECT_THAT(found("load image", list), ElementsAre("Load Image"));
}

TEST(Search, PutsWhatIsUsedMoreBeforeEqualMatches) {
  const auto list = titles({"Blur A", "Blur B", "Blur C"});
  UsageMap usage;
  remember_use(usage, "Blur C");
  EXPECT_THAT(found("blur", list, usage), ElementsAre("Blur C", "Blur A", "Blur B"));
  remember_use(usage, "Blur B");
  EXPECT_THAT(found("", list, usage), ElementsAre("Blur B", "Blur C", "Blur A")) << "both once, the later one first";
  EXPECT_THAT(found("blur a", list, usage), ElementsAre("Blur A"));
}

TEST(Search, FindsNodeTypesByTitleIdMenuDocAndPortType) {
  Registry registry = sketch::registry();
  const auto list = searchable_nodes(registry);
  EXPECT_EQ(found("encode", list).at(0), "text.encode");
  EXPECT_EQ(found("grid", list).at(0), "image.grid");
  EXPECT_THAT(found("clip", list), testing::UnorderedElementsAre("model.load", "text.encode"));
  EXPECT_THAT(found("qqqq", list), IsEmpty());
}

TEST(Search, FindsCommands) {
  const Commands commands;
  const auto list = searchable_commands(commands);
  EXPECT_EQ(found("undo", list).at(0), "edit.undo");
  EXPECT_EQ(found("arr all", list).at(0), "arrange.all");
}

TEST(Search, FindsNodesOfAGraphByTheirTexts) {
  const Registry registry = sketch::registry();
  const Graph graph = parse_workflow(sketch::kWorkflow).graph;
  const auto list = searchable_graph(graph, registry);
  EXPECT_THAT(found("boat", list), ElementsAre("words"));
  EXPECT_EQ(found("save", list).at(0), "save");
}

TEST(Search, ForgetsOldHabits) {
  UsageMap usage;
  for (int i = 0; i < 200; ++i) remember_use(usage, "old");
  EXPECT_LT(usage.at("old").count, 65);
}

TEST(Search, KnowsTheNamesOfComfyUi) {
  Registry registry;
  std::vector<NodeInfo> types(5);
  struct {
    const char *id, *title, *theirs;
  } constexpr kTypes[] = {{"text.encode", "Encode Text", "CLIPTextEncode"},
      {"image.resize_by", "Resize Image By", "ImageScaleBy"}, {"image.resize", "Resize Image", "ImageScale"},
      {"vae.decode", "Decode", "VAEDecode"}, {"sample.ksampler", "Sampler", "KSampler"}};
  std::vector<NodeChoice> choices;
  for (std::size_t i = 0; i < types.size(); ++i) {
    types[i].id = kTypes[i].id, types[i].options.title = kTypes[i].title;
    types[i].options.foreign = {{"comfyui", kTypes[i].theirs}};
    choices.push_back({&types[i], {}});
  }
  const std::vector<Searchable> list = searchable_choices(choices);
  const auto first = [&](const char* query) {
    const std::vector<SearchHit> hits = search(query, list);
    return hits.empty() ? std::string{} : list[hits.front().index].id;
  };
  EXPECT_EQ(first("CLIPTextEncode"), "text.encode");
  EXPECT_EQ(first("clip text"), "text.encode");
  EXPECT_EQ(first("KSampler"), "sample.ksampler");
  EXPECT_EQ(first("VAEDecode"), "vae.decode");
  EXPECT_TRUE(first("upscale").starts_with("image.resize"));
  EXPECT_EQ(first("ImageScaleBy"), "image.resize_by");
}

}  // namespace
}  // namespace weft::editor
