#include "editor/session/picture_story.h"

#include <algorithm>
#include <set>

#include "base/c_locale.h"
#include "editor/session/json_read.h"
#include "host/workflow_file.h"

namespace weft::editor {
namespace {

const InputValue* value_at(const GraphNode& node, std::string_view port) {
  const auto found = node.inputs.find(port);
  return found == node.inputs.end() ? nullptr : &found->second;
}

std::string text_at(const GraphNode& node, std::string_view port) {
  const InputValue* value = value_at(node, port);
  const Literal* literal = value ? std::get_if<Literal>(value) : nullptr;
  return literal && literal->is_string() ? literal->get<std::string>() : std::string();
}

/// The text of the node, or of the nearest before it that has one.
std::string text_before(const Graph& graph, const std::string& id, std::set<std::string>& met) {
  const GraphNode* node = graph.find(id);
  if (!node || !met.insert(id).second) return {};
  if (std::string text = text_at(*node, "text"); !text.empty()) return text;
  for (const auto& [port, value] : node->inputs)
    if (const Links* links = std::get_if<Links>(&value))
      for (const PortRef& source : *links)
        if (std::string text = text_before(graph, source.node, met); !text.empty()) return text;
  return {};
}

std::string prompt_in(const Graph& graph) {
  for (const GraphNode* node : graph.nodes()) {
    const InputValue* positive = value_at(*node, "positive");
    const Links* links = positive ? std::get_if<Links>(positive) : nullptr;
    std::set<std::string> met;
    if (links && !links->empty())
      if (std::string text = text_before(graph, links->front().node, met); !text.empty()) return text;
  }
  return {};
}

std::string prompt_of(const Workflow& workflow) {
  if (const auto known = workflow.interface.inputs.find("prompt"); known != workflow.interface.inputs.end())
    if (const GraphNode* node = workflow.graph.find(known->second.node))
      if (std::string text = text_at(*node, known->second.port); !text.empty()) return text;
  std::string text = prompt_in(workflow.graph);
  for (auto definition = workflow.subgraphs.begin(); text.empty() && definition != workflow.subgraphs.end();
      ++definition)
    text = prompt_in(definition->second.graph);
  return text;
}

void add_seed(std::vector<std::uint64_t>& seeds, const nlohmann::json& value) {
  if (!value.is_number_integer()) return;
  const auto seed = value.get<std::uint64_t>();
  if (std::ranges::find(seeds, seed) == seeds.end()) seeds.push_back(seed);
}

PictureStory read(const std::filesystem::path& file, const Registry& registry) {
  const CLocale locale;
  try {
    const host::FoundWorkflow found = host::find_workflow(file, registry);
    return found.workflow ? story_of(*found.workflow, found.facts) : PictureStory{};
  } catch (const std::exception&) {
    return {};  // who opens it is told
  }
}

}  // namespace

PictureStory story_of(const Workflow& workflow, const nlohmann::json& facts) {
  PictureStory story{.prompt = prompt_of(workflow), .seeds = {}};
  if (facts.is_array())
    for (const nlohmann::json& each : facts)
      if (read_text(each, "key") == "seed") add_seed(story.seeds, read_member(each, "fact"));
  if (!story.seeds.empty()) return story;
  for (const GraphNode* node : workflow.graph.nodes())
    for (const char* port : {"seed", "noise_seed"})
      if (const InputValue* value = value_at(*node, port))
        if (const Literal* literal = std::get_if<Literal>(value)) add_seed(story.seeds, *literal);
  return story;
}

const PictureStory* PictureStories::find(const std::filesystem::path& file) {
  if (coming_.valid() && coming_.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
    known_[reading_] = coming_.get();
  if (const auto found = known_.find(file); found != known_.end()) return &found->second;
  if (!coming_.valid()) {
    reading_ = file;
    coming_ = std::async(std::launch::async, [file, registry = Registry(registry_), wake = wake_] {
      PictureStory story = read(file, registry);
      wake();
      return story;
    });
  }
  return nullptr;
}

}  // namespace weft::editor
