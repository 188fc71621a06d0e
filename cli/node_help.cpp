#include "cli/node_help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <sstream>
#include <vector>

namespace weft::cli {

namespace {

std::string literal_text(const nlohmann::json& literal) {
  return literal.is_number_float() ? fmt::format("{:g}", literal.get<double>()) : literal.dump();
}

std::string number_text(double number) {
  const bool whole = std::abs(number) < 1e15 && number == std::trunc(number);
  return whole ? fmt::format("{:.0f}", number) : fmt::format("{:g}", number);
}

std::string range_text(const PortInfo& port) {
  if (!port.choices.empty()) return fmt::format("one of {}", fmt::join(port.choices, ", "));
  if (port.widget == Widget::Model) return fmt::format("a model in '{}'", port.folder);
  if (port.widget == Widget::File) return "a file";
  if (port.widget == Widget::Seed) return "any 64-bit number";
  if (port.min && port.max) return fmt::format("{} to {}", number_text(*port.min), number_text(*port.max));
  if (port.min) return fmt::format("at least {}", number_text(*port.min));
  if (port.max) return fmt::format("at most {}", number_text(*port.max));
  return {};
}

/// "20; 1 to 10000", "required", "optional": what may stand at an input or param, and what stands there by
/// default.
std::string port_values(const PortInfo& port) {
  if (port.kind == PortKind::Output) return {};
  if (port.kind == PortKind::Input) return port.optional || port.many ? "optional" : "required";
  const std::string range = range_text(port);
  const std::string init = port.init.is_null() ? "required" : literal_text(port.init);
  return range.empty() ? init : fmt::format("{}; {}", init, range);
}

std::string type_text(const PortInfo& port) { return port.many ? port.type + ", any number" : port.type; }

std::map<std::string, std::vector<const NodeInfo*>> by_menu(std::span<const NodeInfo* const> nodes) {
  std::map<std::string, std::vector<const NodeInfo*>> menus;
  for (const NodeInfo* node : nodes) menus[node->options.menu].push_back(node);
  return menus;
}

using Row = std::array<std::string, 4>;

Row port_row(const PortInfo& port) { return {port.name, type_text(port), port_values(port), port.tip}; }

/// A text over several lines, each with the same indent.
std::string wrapped(const std::string& text, const std::string& indent) {
  constexpr std::size_t kColumns = 100;
  std::string lines, line = indent;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() > indent.size() && line.size() + word.size() > kColumns) {
      lines += line + "\n";
      line = indent;
    }
    line += (line.size() > indent.size() ? " " : "") + word;
  }
  return lines + line + "\n";
}

std::string text_table(const std::string& title, const std::vector<Row>& rows) {
  constexpr std::size_t kWidest = 40;  // what is longer, such as many choices, gets lines of its own
  if (rows.empty()) return {};
  std::array<std::size_t, 3> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < widths.size(); ++i)
      if (row[i].size() <= kWidest) widths[i] = std::max(widths[i], row[i].size());
  std::string text = fmt::format("\n{}\n", title);
  for (const Row& row : rows) {
    std::string line = "  ", below;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool fits = row[i].size() <= kWidest;
      if (!fits) below += wrapped(row[i], "      ");
      if (widths[i] > 0) line += fmt::format("{:<{}}  ", fits ? row[i] : "", widths[i]);
    }
    line += row.back();
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n" + below;
  }
  return text;
}

std::string markdown_cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

std::string markdown_rows(const char* kind, const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows)
    text += fmt::format("| {} | `{}` | {} | {} | {} |\n", kind, row[0], markdown_cell(row[1]), markdown_cell(row[2]),
        markdown_cell(row[3]));
  return text;
}

std::vector<Row> port_rows(const std::vector<PortInfo>& ports, PortKind kind) {
  std::vector<Row> rows;
  for (const PortInfo& port : ports)
    if (port.kind == kind) rows.push_back(port_row(port));
  return rows;
}

std::string node_markdown(const NodeInfo& node) {
  std::string text = fmt::format("### {}\n\n`{}`, from `{}`\n\n", node.options.title, node.id, node.plugin);
  if (!node.options.doc.empty()) text += node.options.doc + "\n\n";
  text += "| | name | type | values | what it is |\n|---|---|---|---|---|\n";
  text += markdown_rows("input", port_rows(node.inputs, PortKind::Input));
  text += markdown_rows("param", port_rows(node.inputs, PortKind::Param));
  text += markdown_rows("output", port_rows(node.outputs, PortKind::Output));
  return text + "\n";
}

}  // namespace

const char* lane_name(Lane lane) {
  switch (lane) {
    case Lane::Light:
      return "light";
    case Lane::Io:
      return "io";
    case Lane::Device:
      return "device";
  }
  return "";
}

std::string catalogue_text(std::span<const NodeInfo* const> nodes) {
  std::size_t width = 0;
  for (const NodeInfo* node : nodes) width = std::max(width, node->id.size());
  std::string text;
  for (const auto& [menu, members] : by_menu(nodes)) {
    text += fmt::format("{}{}\n", text.empty() ? "" : "\n", menu.empty() ? "(no menu)" : menu);
    for (const NodeInfo* node : members) text += fmt::format("  {:<{}}  {}\n", node->id, width, node->options.title);
  }
  return text;
}

std::string node_text(const NodeInfo& node) {
  std::string text = fmt::format("{}: {}\n", node.id, node.options.title);
  text += fmt::format("{}, {} lane, revision {}, from {}\n", node.options.menu, lane_name(node.options.lane),
      node.options.revision, node.plugin);
  if (!node.options.doc.empty()) text += fmt::format("\n{}\n", node.options.doc);
  text += text_table("Inputs", port_rows(node.inputs, PortKind::Input));
  text += text_table("Params", port_rows(node.inputs, PortKind::Param));
  text += text_table("Outputs", port_rows(node.outputs, PortKind::Output));
  return text;
}

std::string catalogue_markdown(std::span<const NodeInfo* const> nodes) {
  std::string text =
      "# Nodes\n\n"
      "Written by `weft nodes --markdown` from the nodes' own declarations; do not edit. \"values\" is the "
      "default, "
      "then what is allowed.\n\n";
  for (const auto& [menu, members] : by_menu(nodes)) {
    text += fmt::format("## {}\n\n", menu.empty() ? "Others" : menu);
    for (const NodeInfo* node : members) text += node_markdown(*node);
  }
  text.pop_back();  // one newline at the end
  return text;
}

}  // namespace weft::cli
