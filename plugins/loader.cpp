#include "plugins/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "plugins/library.h"
#include "plugins/manifest.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

/// A library that is opened at the first call of node(); shared by the loaders of all its nodes. [any thread]
class LazyLibrary {
 public:
  LazyLibrary(Registry& host, Manifest manifest, fs::path file)
      : host_(host), manifest_(std::move(manifest)), file_(std::move(file)) {}

  const Node& node(const std::string& id) {
    const std::lock_guard lock(mutex_);
    if (!plugin_) open();
    return plugin_->registry.node(id);
  }

 private:
  void open() {
    require_same_library(manifest_, file_);  // it may have been built anew since the scan
    PluginLibrary plugin = open_plugin(file_);
    if (node_catalogue(plugin.registry) != manifest_.nodes || type_catalogue(plugin.registry) != manifest_.types)
      throw PluginError(
          fmt::format("the library {} brings other nodes or types than its manifest says", file_.string()),
          fmt::format("build the plugin again, or run weft-manifest {}", file_.string()));
    for (const ValueType* type : plugin.registry.types()) host_.add_type(*type);
    plugin_.emplace(std::move(plugin));
  }

  Registry& host_;
  const Manifest manifest_;
  const fs::path file_;
  std::mutex mutex_;
  std::optional<PluginLibrary> plugin_;
};

bool is_manifest(const fs::path& file) { return file.filename().string().ends_with(kManifestSuffix); }

bool mentions_plugin_symbol(const fs::path& library) {
  std::ifstream file(library, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  return bytes.find(kPluginSymbol) != std::string::npos;
}

std::string why_without_manifest(const fs::path& library) {
  if (!mentions_plugin_symbol(library))
    return PluginError(fmt::format("the library {} does not define WEFT_PLUGIN", library.string()),
        "add it, or move the library out of the plugin folder")
        .what();
  return PluginError(fmt::format("the library {} has no manifest beside it", library.string()),
      fmt::format("build it with weft_add_plugin(), or run weft-manifest {}", library.string()))
      .what();
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

}  // namespace

PluginHost::PluginHost(Registry& registry, const std::vector<fs::path>& folders) : registry_(registry) {
  for (const fs::path& folder : folders) {
    try {
      scan(folder);
    } catch (const fs::filesystem_error& error) {
      plugins_.push_back({.problem = fmt::format("the plugin folder {} cannot be read ({}): create it, or take it out "
                                                 "of WEFT_PLUGIN_PATH",
                              folder.string(), error.code().message())});
    }
  }
}

void PluginHost::scan(const fs::path& folder) {
  for (const fs::path& file : files_of(folder)) {
    if (is_manifest(file)) {
      PluginInfo plugin{.manifest = file};
      try {
        take_in(plugin);
      } catch (const std::exception& error) {
        plugin.problem = error.what();
      }
      plugins_.push_back(std::move(plugin));
    } else if (file.extension() == ".so" && !fs::exists(manifest_path(file))) {
      plugins_.push_back({.library = file, .problem = why_without_manifest(file)});
    }
  }
}

void PluginHost::take_in(PluginInfo& plugin) {
  Manifest manifest = read_manifest(plugin.manifest);
  plugin.id = manifest.id;
  plugin.version = manifest.version;
  plugin.library = plugin.manifest.parent_path() / manifest.library;
  require_this_host(manifest);
  require_same_library(manifest, plugin.library);
  std::vector<NodeInfo> nodes = manifest_nodes(manifest);
  const std::vector<ValueType> types = manifest_types(manifest);
  for (const NodeInfo& node : nodes) plugin.nodes.push_back(node.id);
  refuse_if_taken(plugin, nodes, types);

  registry_.set_current_plugin(plugin.id);
  for (const ValueType& type : types) registry_.add_type(type);
  const auto library = std::make_shared<LazyLibrary>(registry_, std::move(manifest), plugin.library);
  for (NodeInfo& node : nodes) {
    const std::string id = node.id;
    registry_.add_lazy(std::move(node), [library, id]() -> const Node& { return library->node(id); });
  }
  registry_.set_current_plugin({});
}

void PluginHost::refuse_if_taken(
    const PluginInfo& plugin, const std::vector<NodeInfo>& nodes, const std::vector<ValueType>& types) const {
  const auto same = std::ranges::find_if(
      plugins_, [&](const PluginInfo& other) { return other.id == plugin.id && other.problem.empty(); });
  if (same != plugins_.end())
    throw PluginError(fmt::format("plugin \"{}\" in {} was found before in {}", plugin.id, plugin.library.string(),
                          same->library.string()),
        "remove one of the two");
  for (const NodeInfo& node : nodes) {
    if (const NodeInfo* taken = registry_.find(node.id); taken && taken->id == node.id)
      throw PluginError(fmt::format("plugin \"{}\" brings node \"{}\", which plugin \"{}\" has brought before",
                            plugin.id, node.id, taken->plugin),
          "remove one of the two plugins, or give its node another id");
  }
  for (const ValueType& type : types) {
    if (const ValueType* taken = registry_.find_type(type.id); taken && taken->title != type.title)
      throw PluginError(fmt::format("plugin \"{}\" brings value type \"{}\" as \"{}\", but it is known as \"{}\"",
                            plugin.id, type.id, type.title, taken->title),
          "give the plugin's type another id");
  }
}

}  // namespace weft
