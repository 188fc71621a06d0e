#include "editor/session/compare.h"

#include "editor/session/text.h"

namespace weft::editor {
namespace {

std::string text_of(const InputValue* value) {
  constexpr std::size_t kLongest = 60;
  if (!value) return tr("the default");
  std::string text;
  if (const Literal* literal = std::get_if<Literal>(value)) {
    text = literal->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  } else {
    for (const PortRef& source : std::get<Links>(*value))
      text += (text.empty() ? "\u2190 " : ", ") + source.node + "." + source.port;
  }
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a letter
  return text.substr(0, end) + "\u2026";
}

class Comparison {
 public:
  std::vector<std::string> lines;

  void compare(const Graph& here, const Graph& in_file, const std::string& path) {
    std::size_t moved = 0;
    for (const GraphNode* node : here.nodes()) {
      const GraphNode* other = in_file.find(node->id);
      if (!other) {
        lines.push_back(tr_format("{}: only here", path + node->id));
        continue;
      }
      compare(*node, *other, path + node->id);
      moved += node->ui != other->ui;
    }
    for (const GraphNode* node : in_file.nodes())
      if (!here.contains(node->id)) lines.push_back(tr_format("{}: only in the file", path + node->id));
    if (moved > 0)
      lines.push_back(
          path + tr_format_n("{} node looks or lies differently", "{} nodes look or lie differently", moved));
  }

  void compare(const Subgraphs& here, const Subgraphs& in_file) {
    for (const auto& [name, definition] : here) {
      const auto other = in_file.find(name);
      if (other == in_file.end())
        lines.push_back(tr_format("{}: only here", subgraph_type(name)));
      else
        compare(definition, other->second, subgraph_type(name));
    }
    for (const auto& [name, definition] : in_file)
      if (!here.contains(name)) lines.push_back(tr_format("{}: only in the file", subgraph_type(name)));
  }

 private:
  void compare(const Subgraph& here, const Subgraph& in_file, const std::string& name) {
    compare(here.graph, in_file.graph, name + "/");
    if (here.interface != in_file.interface) lines.push_back(tr_format("{}: its ports differ", name));
    if (here.title != in_file.title || here.extra != in_file.extra)
      lines.push_back(tr_format("{}: its title, frames or comments differ", name));
  }

  void compare(const GraphNode& here, const GraphNode& in_file, const std::string& name) {
    const auto tell = [&](const std::string& what, const std::string& mine, const std::string& theirs) {
      if (mine != theirs) lines.push_back(tr_format("{}: {} here, {} in the file", what, mine, theirs));
    };
    tell(name, here.type, in_file.type);
    tell(name, here.title, in_file.title);
    const char* const states[] = {tr("active"), tr("muted"), tr("bypassed")};
    tell(name, states[static_cast<int>(here.state)], states[static_cast<int>(in_file.state)]);
    const auto value_of = [](const GraphNode& node, const std::string& port) {
      const auto found = node.inputs.find(port);
      return found == node.inputs.end() ? nullptr : &found->second;
    };
    for (const auto& [port, value] : here.inputs)
      if (const InputValue* other = value_of(in_file, port); !other || *other != value)
        lines.push_back(tr_format("{}: {} here, {} in the file", name + "." + port, text_of(&value), text_of(other)));
    for (const auto& [port, value] : in_file.inputs)
      if (!here.inputs.contains(port)) tell(name + "." + port, text_of(nullptr), text_of(&value));
    if (here.extra != in_file.extra) lines.push_back(tr_format("{}: what other programs noted differs", name));
  }
};

}  // namespace

std::vector<std::string> differences(const Workflow& here, const Workflow& in_file) {
  Comparison comparison;
  comparison.compare(here.graph, in_file.graph, "");
  comparison.compare(here.subgraphs, in_file.subgraphs);
  if (here.interface != in_file.interface) comparison.lines.emplace_back(tr("The names for callers differ"));
  if (here.extra != in_file.extra) comparison.lines.emplace_back(tr("Frames, comments or bookmarks differ"));
  return std::move(comparison.lines);
}

}  // namespace weft::editor
