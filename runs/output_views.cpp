#include "runs/output_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/error.h"

namespace weft::runs {
namespace {

namespace fs = std::filesystem;

bool knows(const NodeInfo& node, std::string_view type) {
  const auto is_of_type = [&](const PortInfo& port) { return port.type == type; };
  return std::ranges::any_of(node.inputs, is_of_type) || std::ranges::any_of(node.outputs, is_of_type);
}

/// The type with what its plugin can say and show of its values. That need not be one of the plugins that
/// ran: those whose nodes know the type are opened until it is there.
const ValueType* whole_type(const Registry& registry, std::string_view id) {
  const ValueType* type = registry.find_type(id);
  if (!type) return nullptr;
  for (const NodeInfo* node : registry.nodes()) {
    if (type->preview || type->describe) break;
    if (!knows(*node, id)) continue;
    try {
      registry.node(node->id);
    } catch (...) {
      continue;  // a plugin that does not load is told of where it is needed
    }
    type = registry.find_type(id);
  }
  return type;
}

std::vector<std::shared_ptr<const Picture>> pictures_of(const ValueType& type, const Value& value) {
  std::vector<Value> items = type.items ? type.items(value) : std::vector{value};
  if (items.size() > kMostPictures) items.resize(kMostPictures);
  std::vector<std::shared_ptr<const Picture>> pictures;
  for (const Value& item : items) {
    auto picture = std::make_shared<const Picture>(type.preview(item));
    if (!picture->is_whole())
      throw PluginError(
          fmt::format("its picture of {} x {} has {} bytes", picture->width, picture->height, picture->rgb.size()),
          "rgb must hold width * height * 3");
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

OutputView view_of(const Registry& registry, const PortInfo& port, const Value& value) {
  OutputView view{.port = port.name, .type = std::string(value.type()), .value = value};
  const ValueType* type = whole_type(registry, value.type());
  try {
    if (type && type->preview) view.pictures = pictures_of(*type, value);
    if (type && type->describe) view.description = type->describe(value);
  } catch (const std::exception& error) {
    view.description = fmt::format("cannot be shown: {}", error.what());
  } catch (...) {
    view.description = "cannot be shown: its plugin threw something that is no std::exception";
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

OutputView view_of_table(const Registry& registry, const host::SweepTable& table) {
  const PortInfo port{.kind = PortKind::Output, .name = table.picture.source.port};
  OutputView view = view_of(registry, port, table.table);
  view.captions.resize(view.pictures.size());
  for (std::size_t i = 0; i < table.cells.size() && view.pictures.size() <= kMostPictures; ++i)
    for (auto& picture : view_of(registry, port, table.cells[i]).pictures) {
      view.pictures.push_back(std::move(picture));
      view.captions.push_back(table.captions[i]);
    }
  return view;
}

std::vector<OutputView> views_of(const Registry& registry, const NodeInfo& info, const NodeResult& result) {
  std::vector<OutputView> views;
  for (std::size_t i = 0; i < std::min(info.outputs.size(), result.outputs.size()); ++i)
    if (result.outputs[i]) views.push_back(view_of(registry, info.outputs[i], result.outputs[i]));
  return views;
}

}  // namespace weft::runs
