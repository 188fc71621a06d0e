#include "editor/session/node_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "editor/session/text.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

OutputView view_of(const Registry& registry, const PortInfo& port, const Value& value) {
  OutputView view{.port = port.name, .type = std::string(value.type()), .value = value};
  const ValueType* type = registry.find_type(value.type());
  try {
    if (type && type->preview) view.picture = std::make_shared<const Picture>(type->preview(value));
    if (type && type->describe) view.description = type->describe(value);
  } catch (const std::exception& error) {
    view.description = tr_format("cannot be shown: {}", error.what());
  }
  return view;
}

}  // namespace

std::vector<fs::path> files_of(const NodeInfo& info, const NodeResult& result) {
  std::vector<fs::path> files;
  if (!info.options.result) return files;
  for (const Value& value : result.outputs) {
    if (!value.is<std::string>()) continue;
    std::istringstream lines(value.as<std::string>());
    for (std::string line; std::getline(lines, line);) {
      std::error_code none;
      if (!line.empty() && fs::is_regular_file(line, none)) files.push_back(fs::absolute(line, none));
    }
  }
  return files;
}

std::vector<OutputView> views_of(const Registry& registry, const NodeInfo& info, const NodeResult& result) {
  std::vector<OutputView> views;
  for (std::size_t i = 0; i < std::min(info.outputs.size(), result.outputs.size()); ++i)
    if (result.outputs[i]) views.push_back(view_of(registry, info.outputs[i], result.outputs[i]));
  return views;
}

}  // namespace weft::editor
