#include "plugins/manifest.h"

#include <fmt/format.h>

#include <fstream>
#include <utility>

#include "base/error.h"
#include "base/foreign_json.h"
#include "base/text_file.h"
#include "plugins/abi.h"
#include "plugins/build_id.h"

namespace weft {
namespace {

using nlohmann::json;

json to_json(const Manifest& manifest) {
  return {{"weft_plugin", kManifestVersion}, {"id", manifest.id}, {"version", manifest.version}, {"abi", manifest.abi},
      {"stamp", manifest.stamp}, {"library", {{"file", manifest.library}, {"build_id", manifest.build_id}}},
      {"nodes", manifest.nodes}, {"types", manifest.types}};
}

Manifest from_json(json object) {
  const int version = object.at("weft_plugin");
  if (version != kManifestVersion)
    throw PluginError(fmt::format("it has manifest version {}, this Weft reads {}", version, kManifestVersion),
        "build the plugin again with this Weft");
  const json& library = object.at("library");
  return {.id = object.at("id"),
      .version = object.at("version"),
      .abi = object.at("abi"),
      .stamp = object.at("stamp"),
      .library = library.at("file"),
      .build_id = library.at("build_id"),
      .nodes = std::move(object.at("nodes")),
      .types = std::move(object.at("types"))};
}

/// What nlohmann_json says, without the name of its exception.
std::string words_of(const json::exception& error) {
  const std::string_view text = error.what();
  return std::string(text.substr(text.find("] ") + 2));
}

/// The stamp without the hash of Weft's headers.
std::string_view without_headers(std::string_view stamp) { return stamp.substr(0, stamp.rfind(WEFT_STAMP_HEADERS)); }

}  // namespace

std::filesystem::path manifest_path(const std::filesystem::path& library) {
  return std::filesystem::path(library).replace_extension(kManifestSuffix);
}

Manifest read_manifest(const std::filesystem::path& file) {
  try {
    return from_json(read_foreign_json(read_text_file(file), "it"));
  } catch (const GraphError& error) {
    throw PluginError(fmt::format("the manifest {} is damaged ({})", file.string(), error.problems().front().what),
        "build the plugin again");
  } catch (const json::exception& error) {
    throw PluginError(
        fmt::format("the manifest {} is damaged ({})", file.string(), words_of(error)), "build the plugin again");
  } catch (const PluginError& error) {
    throw PluginError(fmt::format("the manifest {}: {}", file.string(), error.what()));
  }
}

void write_manifest(const Manifest& manifest, const std::filesystem::path& file) {
  const std::filesystem::path unfinished = file.string() + ".part";
  std::ofstream stream(unfinished, std::ios::binary);
  stream << to_json(manifest).dump() << '\n';
  stream.close();
  std::error_code failure;
  if (stream) std::filesystem::rename(unfinished, file, failure);
  if (!stream || failure)
    throw PluginError(fmt::format("{} cannot be written", file.string()), "look at the folder's rights and space");
}

void require_this_host(const std::string& who, std::uint32_t abi, const std::string& stamp) {
  const std::string& ours = host_stamp();
  if (abi != kPluginAbi)
    throw PluginError(fmt::format("{} was built for plugin ABI {}, this Weft has {}", who, abi, kPluginAbi),
        "build the plugin again with this Weft");
  if (without_headers(stamp) != without_headers(ours))
    throw PluginError(fmt::format("{} was built with {}, this Weft with {}", who, stamp, ours),
        "build the plugin again with the same compiler and libtorch");
  if (stamp != ours)
    throw PluginError(
        fmt::format("{} was built against other headers of Weft", who), "build the plugin again with this Weft");
}

void require_this_host(const Manifest& manifest) {
  require_this_host(fmt::format("plugin \"{}\"", manifest.id), manifest.abi, manifest.stamp);
}

void require_same_library(const Manifest& manifest, const std::filesystem::path& library) {
  if (!std::filesystem::exists(library))
    throw PluginError(fmt::format("the library {} of plugin \"{}\" is missing", library.string(), manifest.id),
        "build the plugin again, or delete its manifest");
  if (build_id_of(library) != manifest.build_id)
    throw PluginError(fmt::format("the library {} is not the one that its manifest was written from", library.string()),
        fmt::format("build the plugin again, or run weft-manifest {}", library.string()));
}

std::vector<NodeInfo> manifest_nodes(const Manifest& manifest) {
  try {
    auto nodes = manifest.nodes.get<std::vector<NodeInfo>>();
    for (NodeInfo& node : nodes) node.plugin = manifest.id;
    return nodes;
  } catch (const std::exception& error) {
    throw PluginError(fmt::format("the node catalogue of plugin \"{}\" is damaged ({})", manifest.id, error.what()),
        "build the plugin again");
  }
}

std::vector<ValueType> manifest_types(const Manifest& manifest) {
  try {
    std::vector<ValueType> types;
    for (const json& type : manifest.types)
      types.push_back(
          {.id = type.at("id"), .title = type.at("title"), .colour = type.at("colour"), .doc = type.at("doc")});
    return types;
  } catch (const json::exception& error) {
    throw PluginError(fmt::format("the value types of plugin \"{}\" are damaged ({})", manifest.id, words_of(error)),
        "build the plugin again");
  }
}

}  // namespace weft
