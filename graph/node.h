// Node: one const object per node type. It declares ports as members and computes in run(); it owns no values, so that the
// same object serves any number of graphs, runs and threads at once. [any thread]
//
// RunContext: what run() sees of one execution. Made by the executor; lives as long as the call. [run-thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "graph/device.h"
#include "graph/port.h"
#include "graph/residency.h"
#include "graph/value.h"

namespace weft {

/// What a run is given from outside the graph. Constant during a run.
struct RunEnvironment {
  std::filesystem::path workflow_folder;  ///< relative file params are looked up here first
  std::vector<std::filesystem::path> input_folders;  ///< then in these, in order
  std::filesystem::path output_folder = "out";  ///< where nodes that write files write
  std::vector<std::filesystem::path> model_folders;  ///< roots that hold checkpoints/, vae/, loras/ ...
  std::string dtype = "auto";  ///< what networks compute in: auto, float32, bfloat16, float16
  nlohmann::json workflow;  ///< the file that is run, with what the caller set; for metadata
  bool allow_truncated = false;  ///< damaged pictures give a warning and what is there
};

/// A fact about a result that its descendants may want to write down: {"seed": 42}, {"model": {"file", "sha256"}}.
struct Note {
  std::string node;
  std::string key;
  nlohmann::json fact;
};

class WEFT_EXPORT RunContext {
 public:
  virtual ~RunContext() = default;

  template <class T>
  const T& operator[](const Input<T>& port) const {
    return input(port.index).template as<T>();
  }

  template <class T>
  T operator[](const Param<T>& port) const {
    using Held = decltype(held_type<T>());
    const Value& value = input(port.index);
    if constexpr (std::is_same_v<Held, double>) {  // an "int" link may feed a "float" param
      if (value.is<std::int64_t>()) return static_cast<T>(value.as<std::int64_t>());
    }
    return static_cast<T>(value.as<Held>());
  }

  /// False for an optional input that nothing is linked to.
  template <class T>
  bool has(const Input<T>& port) const {
    return static_cast<bool>(input(port.index));
  }

  template <class T>
  std::vector<const T*> all(const Inputs<T>& port) const {
    std::vector<const T*> objects;
    for (const Value& value : inputs(port.index)) objects.push_back(&value.template as<T>());
    return objects;
  }

  template <class T>
  void set(const Output<T>& port, T object) {
    set_output(port.index, Value::of<T>(std::move(object)));
  }

  /// Passes a value on as it is, without a copy.
  template <class T>
  void forward(const Input<T>& from, const Output<T>& to) {
    set_output(to.index, input(from.index));
  }

  /// Reports `done` of `total` steps, and is a point where a cancel lands: throws Cancelled then. Call it at least once a
  /// second in long work, or cancel_point() where there is no progress to report.
  virtual void progress(std::int64_t done, std::int64_t total) = 0;
  /// True if somebody looks at previews: making one may be left out otherwise.
  virtual bool wants_preview() const = 0;
  virtual void preview(Picture picture) = 0;
  /// Something the user should know that is no failure ("mask is 64x64, resized to 512x512").
  virtual void warn(const std::string& text) = 0;
  /// Records a fact about this node's result; kept with the result in the cache.
  virtual void note(const std::string& key, nlohmann::json fact) = 0;
  /// The notes of all nodes that this one depends on.
  virtual std::vector<Note> ancestor_notes() const = 0;

  /// Where this node shall compute.
  virtual const Device& device() const = 0;
  /// The same, for what shall stay there when the node has ended: networks.
  virtual const Residency& memory() const = 0;
  virtual const RunEnvironment& environment() const = 0;
  /// The node's id in the workflow, for messages and file names.
  virtual const std::string& node_id() const = 0;

  /// Untyped access, for nodes that are generic over types.
  virtual const Value& input(std::uint16_t index) const = 0;
  virtual std::span<const Value> inputs(std::uint16_t index) const = 0;
  virtual void set_output(std::uint16_t index, Value value) = 0;

 private:
  template <class T>
  static auto held_type() {
    if constexpr (std::is_same_v<T, bool>)
      return bool{};
    else if constexpr (std::is_integral_v<T>)
      return std::int64_t{};
    else if constexpr (std::is_floating_point_v<T>)
      return double{};
    else
      return std::string{};
  }
};

class WEFT_EXPORT Node {
 public:
  Node() = default;
  virtual ~Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Reads inputs, computes, sets every output. Called on several threads at once, for different contexts.
  virtual void run(RunContext& ctx) const = 0;

  /// State outside the inputs that the result depends on, such as a file's size and time. Part of the cache key; what it
  /// throws fails the node. Only params are readable here: inputs are empty, and reading a param that takes its value
  /// from a link ends the call (the node then runs every time). Default: none.
  virtual std::string fingerprint(const RunContext& params) const;

  /// Inputs and params in their declared order; index = port.index.
  std::span<const PortInfo> inputs() const { return inputs_; }
  std::span<const PortInfo> outputs() const { return outputs_; }

 private:
  friend std::uint16_t detail::declare_port(Node&, PortInfo);
  std::vector<PortInfo> inputs_;
  std::vector<PortInfo> outputs_;
};

}  // namespace weft
