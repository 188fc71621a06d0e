#include "plugins/library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <boost/dll/shared_library.hpp>

#include "base/error.h"
#include "plugins/build_id.h"

namespace weft {
namespace {

namespace dll = boost::dll;
using nlohmann::json;

const PluginEntry& entry_of(const std::filesystem::path& file) {
  // NODELETE keeps the library's code when `library` goes out of scope: values and nodes of it live on.
  constexpr auto mode = static_cast<dll::load_mode::type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  dll::shared_library library;
  const std::filesystem::path whole = std::filesystem::absolute(file);
  try {
    library.load(whole, mode);
  } catch (const std::system_error& error) {
    throw PluginError(fmt::format("the library {} cannot be opened ({})", file.string(), system_text(error, whole)),
        "build it again, with all that it needs in LIBRARIES of weft_add_plugin()");
  }
  if (!library.has(kPluginSymbol))
    throw PluginError(fmt::format("the library {} does not define WEFT_PLUGIN", file.string()),
        "add WEFT_PLUGIN(\"your.id\", \"1.0.0\", registry) { ... } to one of its source files");
  return library.get<const PluginEntry>(kPluginSymbol);
}

void register_types(const PluginEntry& entry, Registry& registry) {
  const auto refuse = [&](const std::string& why) {
    throw PluginError(fmt::format("plugin \"{}\" failed while it registered its nodes: {}", entry.id, why));
  };
  registry.set_current_plugin(entry.id);
  try {
    entry.add(registry);
  } catch (const std::exception& error) {
    refuse(error.what());
  } catch (...) {
    refuse("it threw something that is no std::exception");
  }
}

}  // namespace

std::string system_text(const std::system_error& error, const std::filesystem::path& file) {
  std::string_view text = error.what();
  constexpr std::string_view before = "(dlerror system message: ";
  if (const std::size_t start = text.find(before); start != std::string_view::npos) {
    text.remove_prefix(start + before.size());
    text = text.substr(0, text.rfind(')'));
  }
  if (const std::string name = file.string() + ": "; text.starts_with(name)) text.remove_prefix(name.size());
  return std::string(text);
}

PluginLibrary open_plugin(const std::filesystem::path& library) {
  const PluginEntry& entry = entry_of(library);
  // Also stands in the manifest; a library says it once more itself, in case that the manifest is wrong. A shorter entry
  // is one of another handshake, whose stamp may not be where ours is.
  const bool whole = entry.size >= sizeof(PluginEntry);
  require_this_host(fmt::format("the library {}", library.string()), entry.abi, whole ? entry.stamp : "");
  PluginLibrary plugin{entry, {}};
  register_types(entry, plugin.registry);
  return plugin;
}

json node_catalogue(const Registry& registry) {
  json nodes = json::array();
  for (const NodeInfo* node : registry.nodes()) nodes.push_back(*node);
  return nodes;
}

json type_catalogue(const Registry& registry) {
  const Registry builtin;
  json types = json::array();
  for (const ValueType* type : registry.types()) {
    if (!builtin.find_type(type->id))
      types.push_back({{"id", type->id}, {"title", type->title}, {"colour", type->colour}, {"doc", type->doc}});
  }
  return types;
}

Manifest describe_plugin(const PluginLibrary& plugin, const std::filesystem::path& library) {
  return {.id = plugin.entry.id,
      .version = plugin.entry.version,
      .abi = plugin.entry.abi,
      .stamp = plugin.entry.stamp,
      .library = library.filename(),
      .build_id = build_id_of(library),
      .nodes = node_catalogue(plugin.registry),
      .types = type_catalogue(plugin.registry)};
}

}  // namespace weft
