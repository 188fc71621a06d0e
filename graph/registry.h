// Registry: the node types and value types that are known, filled by plugins, or from their manifests without loading them.
//
// Registry is a value, and a copy is a snapshot that costs nothing: content is shared until one of them changes. A run holds
// one, so a plugin can be replaced while others run: what was running goes on with the node types that it began with.
// Copies may be made on any thread while another changes the original; all else of one object belongs to one thread, or to
// any number of them once nobody changes it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "graph/foreign.h"
#include "graph/node.h"

namespace weft {

/// Which lane of the scheduler runs the node.
enum class Lane : std::uint8_t {
  Light,  ///< short work on the CPU; many at once
  Io,  ///< waits for files more than it computes; many at once
  Device,  ///< heavy: one at a time on its device
};

enum class Cache : std::uint8_t {
  Pure,  ///< same inputs, params and fingerprint give the same outputs: what is cached is not run
  Never,  ///< always run when wanted
};

/// What is said of a node type beside its ports. Derives catalogue, palette and docs.
struct NodeOptions {
  std::string title = {};
  std::string menu = {};  ///< "Image/Color"
  std::string doc = {};  ///< what it does, in a few sentences; Markdown
  int revision = 1;  ///< bump it when the results change: it is part of the cache key
  Lane lane = Lane::Light;
  Cache cache = Cache::Pure;
  bool result = false;  ///< makes something a user wants (a file, a preview): run by default
  std::vector<std::string> old_ids = {};  ///< ids in older files, renamed on load
  /// About what it holds at its peak for each pixel of its pictures (of a latent: of the picture that it stands for), in
  /// bytes, with usual models; what memory_warnings() counts with. 0: works on no pictures, or needs next to nothing.
  double bytes_per_pixel = 0;
  std::vector<ForeignClass> foreign = {};  ///< classes of other programs that it stands for
};

/// All that can be known of a node type without its code; what a manifest holds.
struct NodeInfo {
  std::string id;  ///< `group.thing`, a promise
  NodeOptions options;
  std::vector<PortInfo> inputs;  ///< inputs and params, in declared order
  std::vector<PortInfo> outputs;
  std::string plugin;  ///< id of the plugin that brings it
  /// How often the plugin was replaced in this process: part of the cache key, as the new code may do something else.
  std::uint64_t replaced = 0;

  WEFT_EXPORT const PortInfo* find_input(std::string_view name) const;
  WEFT_EXPORT const PortInfo* find_output(std::string_view name) const;
};
WEFT_EXPORT void to_json(nlohmann::json&, const NodeInfo&);
WEFT_EXPORT void from_json(const nlohmann::json&, NodeInfo&);

class WEFT_EXPORT Registry {
 public:
  Registry();
  Registry(const Registry&);  ///< [any thread]
  Registry(Registry&&) noexcept;
  Registry& operator=(Registry) noexcept;
  ~Registry();

  /// Adds a node type. Throws PluginError if the id is taken, malformed, or a port is declared twice.
  template <class T>
  void add(const std::string& id, NodeOptions options) {
    static_assert(std::is_base_of_v<Node, T>, "A node type derives from weft::Node");
    add_node(id, std::move(options), std::make_unique<T>());
  }
  void add_node(const std::string& id, NodeOptions options, std::unique_ptr<const Node> node);
  /// Adds a node type whose code comes later: `load` is called at most once, on the first node() of it, and returns
  /// the node; the returned object must live as long as the process.
  void add_lazy(NodeInfo info, std::function<const Node&()> load);
  /// Adds a value type. The first registration stays, and takes the callbacks of a later one if it has none itself (as
  /// one from a manifest). Throws PluginError if a later one says another title. A type that is known already may be
  /// added while graphs run. [any thread]
  void add_type(ValueType type);

  /// Types added from now on belong to this plugin.
  void set_current_plugin(std::string id);
  /// Takes a plugin's node types out, and the code of its value types, so that another build of it can be added. Snapshots
  /// keep both.
  void remove_plugin(std::string_view id);

  /// The declaration, found by id or old id; null if unknown. Stays valid as long as a registry or snapshot that has it.
  const NodeInfo* find(std::string_view id) const;
  /// The code. Loads the plugin if need be; throws PluginError with the plugin's name and the reason. [any thread]
  const Node& node(std::string_view id) const;
  const ValueType* find_type(std::string_view id) const;

  /// The node type that stands for a class of another program; of two that do, the one that was added first.
  struct Foreign {
    const NodeInfo* type = nullptr;  ///< null: there is none
    const ForeignClass* declared = nullptr;
  };
  Foreign find_foreign(std::string_view program, std::string_view name) const;

  /// Sorted by id.
  std::vector<const NodeInfo*> nodes() const;
  std::vector<const ValueType*> types() const;

  /// The ids nearest to `id` in spelling, best first, for "did you mean".
  std::vector<std::string> nearest(std::string_view id, std::size_t count = 3) const;

  /// Whether both are snapshots of one content.
  bool same_as(const Registry& other) const { return content_ == other.content_; }

 private:
  struct Content;
  Content& writable();

  mutable std::mutex changing_;  // against copies
  std::shared_ptr<Content> content_;
  std::string current_plugin_;
};

/// Whether a link from an output of type `from` may feed a port of type `to`: equal, or int to float, or to "any".
WEFT_EXPORT bool types_match(std::string_view from, std::string_view to);

}  // namespace weft
