#include "editor/session/carried_files.h"

#include <fmt/format.h>

#include "assets/input_files.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

/// The new name of a file; nothing where the old one will do, or names none.
std::optional<std::string> carried(const std::string& name, const RunEnvironment& from, const RunEnvironment& to) {
  if (name.empty() || fs::path(name).is_absolute()) return std::nullopt;
  const std::optional<fs::path> meant = find_input_file(from, name);
  if (!meant) return std::nullopt;
  std::error_code none;
  if (const auto found = find_input_file(to, name); found && fs::equivalent(*found, *meant, none)) return std::nullopt;
  return name_from_folder(fs::absolute(*meant).lexically_normal(), to.workflow_folder);
}

std::vector<Edit> edits_of(
    const Graph& graph, const NodeTypes& types, const RunEnvironment& from, const RunEnvironment& to) {
  std::vector<Edit> edits;
  for (const GraphNode* node : graph.nodes()) {
    const NodeInfo* info = types.find(node->type);
    if (!info) continue;
    for (const auto& [port, value] : node->inputs) {
      const PortInfo* param = info->find_input(port);
      const Literal* literal = std::get_if<Literal>(&value);
      if (!param || param->widget != Widget::File || !literal || !literal->is_string()) continue;
      if (auto name = carried(literal->get<std::string>(), from, to))
        edits.push_back(SetInput{node->id, port, Literal(*std::move(name))});
    }
  }
  return edits;
}

}  // namespace

bool carry_files(Document& document, const Registry& registry, const RunEnvironment& from, const RunEnvironment& to) {
  const NodeTypes types = document.types(registry);
  std::vector<Edit> edits = edits_of(document.workflow().graph, types, from, to);
  for (const auto& [name, subgraph] : document.workflow().subgraphs)
    if (std::vector<Edit> inner = edits_of(subgraph.graph, types, from, to); !inner.empty())
      edits.push_back(EditSubgraph{name, std::move(inner)});
  if (edits.empty()) return false;
  document.end_gesture();
  document.apply_to_workflow(tr("Name files from the new folder"), std::move(edits));
  return true;
}

fs::path free_file(const fs::path& folder, const std::string& wanted) {
  const fs::path name = wanted;
  fs::path file = folder / name;
  std::error_code none;
  for (int number = 2; fs::exists(file, none); ++number)
    file = folder / fmt::format("{}-{}{}", name.stem().string(), number, name.extension().string());
  return file;
}

}  // namespace weft::editor
