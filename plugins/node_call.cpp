#include "plugins/node_call.h"

namespace weft {
namespace {

class CallContext final : public RunContext {
 public:
  CallContext(const NodeInputs& inputs, NodeSurroundings surroundings, bool cancel, NodeOutcome& outcome)
      : inputs_(inputs), surroundings_(std::move(surroundings)), cancel_(cancel), outcome_(outcome) {}

  void progress(std::int64_t done, std::int64_t total) override {
    ++outcome_.progress_calls;
    if (cancel_) throw Cancelled();
    if (done < last_done_ || done > total) outcome_.progress_runs_wild = true;
    last_done_ = done;
  }
  bool wants_preview() const override { return true; }
  void preview(Picture) override {}
  void warn(const std::string& text) override { outcome_.warnings.push_back(text); }
  void note(const std::string&, nlohmann::json) override {}
  std::vector<Note> ancestor_notes() const override { return surroundings_.notes; }
  const Device& device() const override { return memory_.device(); }
  const Residency& memory() const override { return memory_; }
  const RunEnvironment& environment() const override { return surroundings_.environment; }
  const std::string& node_id() const override { return id_; }
  const Value& input(std::uint16_t index) const override {
    static const Value none;
    return inputs_[index].empty() ? none : inputs_[index].front();
  }
  std::span<const Value> inputs(std::uint16_t index) const override { return inputs_[index]; }
  void set_output(std::uint16_t index, Value value) override { outcome_.outputs[index] = std::move(value); }

 private:
  const NodeInputs& inputs_;
  const NodeSurroundings surroundings_;
  const bool cancel_;
  NodeOutcome& outcome_;
  std::int64_t last_done_ = 0;
  const Residency memory_;
  const std::string id_ = "checked";
};

NodeOutcome call(const Node& node, const NodeInputs& inputs, NodeSurroundings surroundings, bool cancel) {
  using End = NodeOutcome::End;
  NodeOutcome outcome;
  outcome.outputs.resize(node.outputs().size());
  const auto start = std::chrono::steady_clock::now();
  try {
    CallContext context(inputs, std::move(surroundings), cancel, outcome);
    node.run(context);
  } catch (const Cancelled&) {
    outcome.end = End::Cancelled;
  } catch (const std::exception& error) {
    outcome.end = End::Threw;
    outcome.error = error.what();
  } catch (...) {
    outcome.end = End::ThrewStrange;
    outcome.error = "something that is no std::exception";
  }
  outcome.time = std::chrono::steady_clock::now() - start;
  return outcome;
}

}  // namespace

NodeOutcome call_node(const Node& node, const NodeInputs& inputs, bool cancel) {
  const std::filesystem::path here = std::filesystem::current_path();
  return call(node, inputs,
      {.environment = {.workflow_folder = here, .output_folder = here / "out", .workflow = nlohmann::json::object()}},
      cancel);
}

NodeOutcome call_node(const Node& node, const NodeInputs& inputs, NodeSurroundings surroundings) {
  return call(node, inputs, std::move(surroundings), /*cancel=*/false);
}

}  // namespace weft
