#include "editor/session/input_files.h"

#include <algorithm>

#include "assets/input_files.h"
#include "editor/session/gestures.h"
#include "editor/session/node_ui.h"
#include "editor/session/text.h"

namespace weft::editor {

namespace fs = std::filesystem;

const PortInfo* picture_file_param(const NodeInfo& type) {
  const auto file = std::ranges::find(type.inputs, PortRole::PictureFile, &PortInfo::role);
  return file == type.inputs.end() ? nullptr : &*file;
}

std::vector<std::string> picture_readers(const Document& document, const Registry& registry) {
  const NodeTypes& types = document.types(registry);
  std::vector<std::string> readers;
  for (const GraphNode* node : document.graph().nodes())
    if (const NodeInfo* type = types.find(node->type); type && picture_file_param(*type)) readers.push_back(node->id);
  return readers;
}

std::string add_picture_reader(Document& document, const Registry& registry, const fs::path& file, Point at) {
  const NodeInfo* type = document.types(registry).find(kPictureReader);
  const PortInfo* param = type ? picture_file_param(*type) : nullptr;
  if (!param)
    throw GraphError(Problem{.what = tr_format("no plugin brings '{}', which reads pictures", kPictureReader),
        .remedy = tr("see Help > About Weft for the plugins and why one is missing")});
  const std::string name = tr_format("Load {}", file.filename().string());
  GraphNode node{.id = free_id(document.graph(), "load"), .type = kPictureReader};
  node.inputs[param->name] = Literal(document.name_of_file(file));
  node.ui = with_node_ui(node, {.at = at});
  const std::string id = node.id;
  document.apply(name, {AddNode{std::move(node)}});
  document.select({.nodes = {id}, .annotations = {}});
  return id;
}

void set_picture_file(Document& document, const Registry& registry, const std::string& node, const fs::path& file) {
  const NodeInfo* type = document.types(registry).find(document.graph().node(node).type);
  if (const PortInfo* param = type ? picture_file_param(*type) : nullptr)
    document.apply(tr_format("Load {}", file.filename().string()),
        {SetInput{node, param->name, Literal(document.name_of_file(file))}});
}

std::optional<InputFile> InputFiles::find(
    const fs::path& folder, const std::string& name, const std::function<RunEnvironment()>& environment) {
  constexpr auto kFresh = std::chrono::seconds(1);
  constexpr std::size_t kMost = 500;
  if (name.empty()) return std::nullopt;
  const auto now = std::chrono::steady_clock::now();
  if (known_.size() > kMost) known_.clear();
  const auto [known, is_new] = known_.try_emplace({folder, name});
  if (!is_new && now - known->second.at < kFresh) return known->second.found;
  known->second = {std::nullopt, now};
  if (const auto file = find_input_file(environment(), name)) {
    std::error_code error;
    const fs::file_time_type time = fs::last_write_time(*file, error);
    if (!error) known->second.found = {*file, time};
  }
  return known->second.found;
}

}  // namespace weft::editor
