#include "editor/session/usual_links.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "editor/session/links.h"
#include "graph/workflow.h"

namespace weft::editor {
namespace {

TEST(UsualLinks, PutFirstWhatPeopleMean) {
  EXPECT_EQ(usual_rank("checkpoint.load", "clip", true, "text.encode"), 0u);
  EXPECT_EQ(usual_rank("latent.empty", "latent", true, "sample.ksampler"), 0u);
  EXPECT_EQ(usual_rank("sample.ksampler", "latent", true, "vae.decode"), 0u);
  EXPECT_EQ(usual_rank("vae.decode", "image", true, "image.save"), 0u);
  EXPECT_EQ(usual_rank("sample.ksampler", "latent", false, "latent.empty"), 0u);
  EXPECT_EQ(usual_rank("vae.decode", "latent", false, "sample.ksampler"), 0u);
  EXPECT_FALSE(usual_rank("latent.empty", "latent", true, "mask.solid"));
  EXPECT_FALSE(usual_rank("latent.empty", "unheard.of", true, "sample.ksampler"));
}

/// The types of what the shipped workflows link, by hand: without plugins the registry has none.
TEST(UsualLinks, KnowMostOfWhatTheShippedWorkflowsLink) {
  const std::map<std::string, std::string> values{{"model", "model"}, {"clip", "clip"}, {"vae", "vae"},
      {"conditioning", "conditioning"}, {"positive", "conditioning"}, {"negative", "conditioning"},
      {"latent", "latent"}, {"image", "image"}, {"mask", "mask"}, {"sigmas", "sigmas"}, {"labels", "label_encoder"},
      {"map", "segmentation_map"}};
  std::size_t links = 0, known_outputs = 0, known_inputs = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(WEFT_SOURCE_DIR "/workflows")) {
    if (entry.path().extension() != ".json" || entry.path().filename() == "schema.json") continue;
    const Workflow workflow = load_workflow(entry.path());
    std::vector<const Graph*> graphs{&workflow.graph};
    for (const auto& [name, subgraph] : workflow.subgraphs) graphs.push_back(&subgraph.graph);
    for (const Graph* graph : graphs)
      for (const Link& link : links_of(*graph)) {
        const std::string &from = graph->node(link.source.node).type, &to = graph->node(link.target.node).type;
        const auto value = values.find(link.source.port);
        if (value == values.end() || from.starts_with("subgraph:") || to.starts_with("subgraph:")) continue;
        ++links;
        known_outputs += usual_rank(from, value->second, true, to).has_value();
        known_inputs += usual_rank(to, value->second, false, from).has_value();
      }
  }
  EXPECT_GT(links, 100u);
  EXPECT_GT(known_outputs * 10, links * 8);
  EXPECT_GT(known_inputs * 10, links * 8);
}

}  // namespace
}  // namespace weft::editor
