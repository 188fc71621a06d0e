#include "plugins/example_values.h"

#include <algorithm>

#include "base/error.h"
#include "plugins/folders.h"
#include "plugins/manifest.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool has_code(const ValueType* type) { return type && (type->preview || type->describe || type->example); }

bool brings_type(const Manifest& manifest, const std::string& type) {
  return std::ranges::any_of(manifest.types, [&](const json& entry) { return entry.value("id", "") == type; });
}

/// The library of an installed plugin that brings the type; empty if there is none.
fs::path library_with(const std::string& type) {
  for (const fs::path& folder : plugin_folders()) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder, missing)) {
      if (!entry.path().filename().string().ends_with(kManifestSuffix)) continue;
      try {
        const Manifest manifest = read_manifest(entry.path());
        require_this_host(manifest);
        if (brings_type(manifest, type)) return folder / manifest.library;
      } catch (const PluginError&) {
        continue;  // another plugin's trouble is not this one's
      }
    }
  }
  return {};
}

}  // namespace

Value ExampleValues::example(const std::string& type) {
  if (type == "bool") return Value::of(true);
  if (type == "int" || type == "any") return Value::of(std::int64_t{1});
  if (type == "float") return Value::of(0.5);
  if (type == "string") return Value::of(std::string("text"));
  const ValueType* known = record(type);
  return known && known->example ? known->example() : Value();
}

json ExampleValues::summary(const Value& value) {
  if (value.is<bool>()) return value.as<bool>();
  if (value.is<std::int64_t>()) return value.as<std::int64_t>();
  if (value.is<double>()) return value.as<double>();
  if (value.is<std::string>()) return value.as<std::string>();
  const ValueType* known = record(std::string(value.type()));
  if (!known || !(known->describe || known->preview)) return nullptr;
  json summary = {{"bytes", value.bytes()}};
  if (known->describe) summary["description"] = known->describe(value);
  if (known->preview) {
    const Picture picture = known->preview(value);
    summary["preview"] = {picture.width, picture.height, json::binary(picture.rgb)};
  }
  return summary;
}

const ValueType* ExampleValues::record(const std::string& type) {
  const auto [found, added] = known_.try_emplace(type, nullptr);
  if (added) {
    const ValueType* own = own_.find_type(type);
    found->second = has_code(own) ? own : record_of_others(type);
  }
  return found->second;
}

const ValueType* ExampleValues::record_of_others(const std::string& type) {
  const fs::path library = library_with(type);
  if (library.empty()) return nullptr;
  others_.push_back(std::make_unique<PluginLibrary>(open_plugin(library)));
  return others_.back()->registry.find_type(type);
}

}  // namespace weft
