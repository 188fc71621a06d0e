#include "graph/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/enum_names.h"
#include "base/spelling.h"
#include "base/string_hash.h"
#include "graph/validate.h"

namespace weft {
namespace {

constexpr EnumNames<Lane, 3> kLanes{{{Lane::Light, "light"}, {Lane::Io, "io"}, {Lane::Device, "device"}}};
constexpr EnumNames<Cache, 2> kCaches{{{Cache::Pure, "pure"}, {Cache::Never, "never"}}};

/// Lower case, digits and '_', beginning with a letter.
bool is_word(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && letter(text.front()) &&
      std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

/// `group.thing`, of two words or more.
bool is_node_id(std::string_view id) {
  const std::size_t dot = id.find('.');
  if (dot == std::string_view::npos || !is_word(id.substr(0, dot))) return false;
  const std::string_view rest = id.substr(dot + 1);
  return is_word(rest) || is_node_id(rest);
}

bool is_param_type(std::string_view type) {
  return type == "bool" || type == "int" || type == "float" || type == "string";
}

void check_ports(const NodeInfo& info, const std::vector<PortInfo>& ports) {
  std::set<std::string_view> names;
  for (const PortInfo& port : ports) {
    if (!is_word(port.name))
      throw PluginError(fmt::format("node '{}' has a port named '{}'", info.id, port.name),
          "port names are lower case letters, digits and '_', beginning with a letter");
    if (!names.insert(port.name).second)
      throw PluginError(
          fmt::format("node '{}' declares the port '{}' twice", info.id, port.name), "give one of them another name");
    if (port.type.empty())
      throw PluginError(fmt::format("port '{}' of node '{}' has no type", port.name, info.id), "name its kType");
    if (port.kind != PortKind::Param) continue;
    if (!is_param_type(port.type))
      throw PluginError(fmt::format("param '{}' of node '{}' is of type '{}'", port.name, info.id, port.type),
          "a param is a bool, int, float or string; make it an input");
    if (port.init.is_null()) continue;
    try {
      literal_value(port, port.init);
    } catch (const GraphError& error) {
      throw PluginError(fmt::format("the default of param '{}' of node '{}' is not valid", port.name, info.id),
          error.problems().front().text());
    }
  }
}

const PortInfo* find_port(const std::vector<PortInfo>& ports, std::string_view name) {
  const auto found = std::ranges::find(ports, name, &PortInfo::name);
  return found == ports.end() ? nullptr : &*found;
}

/// A node type and its code, which may come later.
struct Entry {
  NodeInfo info;
  std::unique_ptr<const Node> owned;
  std::function<const Node&()> load;
  std::atomic<const Node*> node = nullptr;
  std::mutex loading;
  std::string failure;

  const Node& get() {
    if (const Node* ready = node) return *ready;
    const std::scoped_lock lock(loading);
    if (const Node* ready = node) return *ready;
    if (failure.empty()) {
      try {
        node = &load();
        return *node;
      } catch (const std::exception& error) {
        failure = did_not_load(error.what());
      } catch (...) {
        failure = did_not_load("it threw something that is no std::exception");
      }
    }
    throw PluginError(failure);
  }

 private:
  std::string did_not_load(std::string_view why) const {
    return fmt::format("plugin '{}', which brings node type '{}', did not load: {}", info.plugin, info.id, why);
  }
};

/// A value type. What a manifest says of it comes first; its callbacks come with its library, which may be
/// opened in the middle of a run: `now` changes then, and who holds the earlier record keeps a good one.
struct TypeEntry {
  TypeEntry(ValueType type, std::string owner) : declared(std::move(type)), plugin(std::move(owner)), now(&declared) {}
  const ValueType declared;
  const std::string plugin;
  std::mutex filling;
  std::optional<const ValueType> whole;
  std::atomic<const ValueType*> now;
};

bool has_code(const ValueType& type) {
  return type.preview || type.items || type.describe || type.encode || type.decode || type.example;
}

/// What remains of a type when its library is gone.
ValueType without_code(const ValueType& type) {
  return {.id = type.id, .title = type.title, .colour = type.colour, .doc = type.doc};
}

std::string foreign_name(std::string_view program, std::string_view name) {
  return fmt::format("{}:{}", program, name);
}

void check_foreign(const NodeInfo& info) {
  const auto refuse = [&](const ForeignClass& foreign, const std::string& port) {
    throw PluginError(fmt::format("node '{}' has no port '{}', which it names for '{}' of {}", info.id, port,
                          foreign.name, foreign.program),
        "name one that it declares");
  };
  for (const ForeignClass& foreign : info.options.foreign) {
    for (const ForeignInput& input : foreign.inputs)
      if (!input.ours.empty() && !info.find_input(input.ours)) refuse(foreign, input.ours);
    for (const std::string& output : foreign.outputs)
      if (!info.find_output(output)) refuse(foreign, output);
  }
}

template <class T>
using ByName = std::unordered_map<std::string, T, StringHash, std::equal_to<>>;

}  // namespace

const PortInfo* NodeInfo::find_input(std::string_view name) const { return find_port(inputs, name); }
const PortInfo* NodeInfo::find_output(std::string_view name) const { return find_port(outputs, name); }

void to_json(nlohmann::json& json, const NodeInfo& info) {
  const NodeOptions& o = info.options;
  json = {{"id", info.id}, {"title", o.title}, {"inputs", info.inputs}, {"outputs", info.outputs},
      {"revision", o.revision}, {"lane", name_of(kLanes, o.lane)}, {"cache", name_of(kCaches, o.cache)}};
  if (!o.menu.empty()) json["menu"] = o.menu;
  if (!o.doc.empty()) json["doc"] = o.doc;
  if (o.result) json["result"] = true;
  if (!o.old_ids.empty()) json["old_ids"] = o.old_ids;
  if (o.bytes_per_pixel > 0) json["bytes_per_pixel"] = o.bytes_per_pixel;
  if (!o.foreign.empty()) json["foreign"] = o.foreign;
  if (!info.plugin.empty()) json["plugin"] = info.plugin;
}

void from_json(const nlohmann::json& json, NodeInfo& info) {
  info = {.id = json.at("id"),
      .options = {.title = json.value("title", ""),
          .menu = json.value("menu", ""),
          .doc = json.value("doc", ""),
          .revision = json.value("revision", 1),
          .lane = value_of(kLanes, json.value("lane", "light"), "lane"),
          .cache = value_of(kCaches, json.value("cache", "pure"), "cache"),
          .result = json.value("result", false),
          .old_ids = json.value("old_ids", std::vector<std::string>{}),
          .bytes_per_pixel = json.value("bytes_per_pixel", 0.0),
          .foreign = json.value("foreign", std::vector<ForeignClass>{})},
      .inputs = json.at("inputs"),
      .outputs = json.at("outputs"),
      .plugin = json.value("plugin", "")};
}

struct Registry::Content {
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries;
  ByName<Entry*> by_name;  ///< ids and old ids
  ByName<Foreign> foreign;
  std::map<std::string, std::shared_ptr<TypeEntry>, std::less<>> types;
  std::map<std::string, std::uint64_t, std::less<>> replaced;  ///< plugins, and how often
  /// Set by the first copy of a registry, never reset: a change is made to a copy of this then.
  std::atomic<bool> shared = false;

  Content() = default;
  Content(const Content& other)
      : entries(other.entries),
        by_name(other.by_name),
        foreign(other.foreign),
        types(other.types),
        replaced(other.replaced) {}

  Entry* find(std::string_view id) const {
    const auto found = by_name.find(id);
    return found == by_name.end() ? nullptr : found->second;
  }

  void check_free(const std::string& name, const NodeInfo& info) const {
    const Entry* other = find(name);
    if (!other) return;
    const std::string whose = other->info.plugin.empty() ? "" : fmt::format(" by plugin '{}'", other->info.plugin);
    throw PluginError(fmt::format("node type '{}' is already registered{}", name, whose),
        info.id == name ? "choose another id, with a group name of your own" : "drop that old id");
  }

  void check(const NodeInfo& info) const {
    if (!is_node_id(info.id))
      throw PluginError(fmt::format("'{}' cannot be the id of a node type", info.id),
          "use lower case words with a dot between them, such as 'image.invert'");
    check_free(info.id, info);
    for (const std::string& old_id : info.options.old_ids) check_free(old_id, info);
    check_ports(info, info.inputs);
    check_ports(info, info.outputs);
    check_foreign(info);
  }

  void add(std::shared_ptr<Entry> entry) {
    NodeInfo& info = entry->info;
    check(info);
    if (info.options.title.empty()) info.options.title = info.id;
    if (const auto times = replaced.find(info.plugin); times != replaced.end()) info.replaced = times->second;
    by_name.emplace(info.id, entry.get());
    for (const std::string& old_id : info.options.old_ids) by_name.emplace(old_id, entry.get());
    for (const ForeignClass& each : info.options.foreign)
      foreign.emplace(foreign_name(each.program, each.name), Foreign{&info, &each});
    entries.emplace(info.id, std::move(entry));
  }

  void remove_plugin(std::string_view plugin) {
    const auto is_its = [&](const auto& named) { return named.second->info.plugin == plugin; };
    std::erase_if(by_name, is_its);
    std::erase_if(foreign, [&](const auto& named) { return named.second.type->plugin == plugin; });
    std::erase_if(entries, is_its);
    for (auto& [id, type] : types)
      if (type->plugin == plugin) type = std::make_shared<TypeEntry>(without_code(type->declared), type->plugin);
    ++replaced.try_emplace(std::string(plugin), 0).first->second;
  }
};

Registry::Registry() : content_(std::make_shared<Content>()) {
  add_type({.id = "bool", .title = "Yes or no", .colour = "#c792ea", .doc = "True or false."});
  add_type({.id = "int", .title = "Whole number", .colour = "#f78c6c", .doc = "A 64-bit whole number, or a seed."});
  add_type({.id = "float", .title = "Number", .colour = "#ffcb6b", .doc = "A number; whole numbers fit as well."});
  add_type({.id = "string", .title = "Text", .colour = "#c3e88d", .doc = "UTF-8 text."});
  add_type({.id = "any", .title = "Anything", .colour = "#a6accd", .doc = "Takes a link of every type."});
}

Registry::Registry(const Registry& other) {
  const std::scoped_lock lock(other.changing_);
  content_ = other.content_;
  content_->shared = true;  // whose types are added next is the original's affair
}

Registry::Registry(Registry&& other) noexcept
    : content_(std::move(other.content_)), current_plugin_(std::move(other.current_plugin_)) {}

Registry& Registry::operator=(Registry other) noexcept {
  const std::scoped_lock lock(changing_);
  content_ = std::move(other.content_);
  current_plugin_ = std::move(other.current_plugin_);
  return *this;
}

Registry::~Registry() = default;

/// [locked]
Registry::Content& Registry::writable() {
  if (content_->shared) content_ = std::make_shared<Content>(*content_);
  return *content_;
}

void Registry::add_node(const std::string& id, NodeOptions options, std::unique_ptr<const Node> node) {
  auto entry = std::make_shared<Entry>();
  entry->info = {.id = id,
      .options = std::move(options),
      .inputs = {node->inputs().begin(), node->inputs().end()},
      .outputs = {node->outputs().begin(), node->outputs().end()},
      .plugin = current_plugin_};
  entry->node = node.get();
  entry->owned = std::move(node);
  const std::scoped_lock lock(changing_);
  writable().add(std::move(entry));
}

void Registry::add_lazy(NodeInfo info, std::function<const Node&()> load) {
  auto entry = std::make_shared<Entry>();
  entry->info = std::move(info);
  if (entry->info.plugin.empty()) entry->info.plugin = current_plugin_;
  entry->load = std::move(load);
  const std::scoped_lock lock(changing_);
  writable().add(std::move(entry));
}

void Registry::add_type(ValueType type) {
  if (type.id.empty()) throw PluginError("a value type has an empty id", "name its kType");
  std::shared_ptr<TypeEntry> known;
  {
    const std::scoped_lock lock(changing_);
    const auto found = content_->types.find(type.id);
    if (found == content_->types.end()) {
      const std::string id = type.id;
      writable().types.emplace(id, std::make_shared<TypeEntry>(std::move(type), current_plugin_));
      return;
    }
    known = found->second;
  }
  if (known->declared.title != type.title)
    throw PluginError(fmt::format("value type '{}' is already registered as '{}', now as '{}'", type.id,
                          known->declared.title, type.title),
        "choose another kType, with a group name of your own");
  const std::scoped_lock lock(known->filling);
  if (!has_code(*known->now) && has_code(type)) known->now = &known->whole.emplace(std::move(type));
}

void Registry::set_current_plugin(std::string id) { current_plugin_ = std::move(id); }

void Registry::remove_plugin(std::string_view id) {
  const std::scoped_lock lock(changing_);
  writable().remove_plugin(id);
}

const NodeInfo* Registry::find(std::string_view id) const {
  const Entry* entry = content_->find(id);
  return entry ? &entry->info : nullptr;
}

const Node& Registry::node(std::string_view id) const {
  if (Entry* entry = content_->find(id)) return entry->get();
  throw PluginError(fmt::format("no plugin brings a node type '{}'", id), "install the plugin that does");
}

const ValueType* Registry::find_type(std::string_view id) const {
  const auto found = content_->types.find(id);
  return found == content_->types.end() ? nullptr : found->second->now.load();
}

Registry::Foreign Registry::find_foreign(std::string_view program, std::string_view name) const {
  const auto found = content_->foreign.find(foreign_name(program, name));
  return found == content_->foreign.end() ? Foreign{} : found->second;
}

std::vector<const NodeInfo*> Registry::nodes() const {
  std::vector<const NodeInfo*> nodes;
  for (const auto& [id, entry] : content_->entries) nodes.push_back(&entry->info);
  return nodes;
}

std::vector<const ValueType*> Registry::types() const {
  std::vector<const ValueType*> types;
  for (const auto& [id, type] : content_->types) types.push_back(type->now);
  return types;
}

std::vector<std::string> Registry::nearest(std::string_view id, std::size_t count) const {
  std::vector<std::string> ids;
  for (const auto& [name, entry] : content_->entries) ids.push_back(name);
  return nearest_names(id, ids, count);
}

bool types_match(std::string_view from, std::string_view to) {
  return from == to || to == "any" || (from == "int" && to == "float");
}

}  // namespace weft
