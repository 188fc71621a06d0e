// NodeContext: what a node sees while it runs. Collects its outputs and notes, which the run takes over if it
// succeeds. [run-thread]
#pragma once

#include <boost/container/small_vector.hpp>

#include "base/cancel_point.h"
#include "graph/node.h"
#include "graph/plan.h"
#include "graph/run.h"

namespace weft {

class NodeContext final : public RunContext, public CancelCheck {
 public:
  NodeContext(Run& run, PlanIndex node);

  std::span<Value> outputs() { return outputs_; }
  std::vector<KeptNote>& notes() { return notes_; }
  /// Whether Cancelled was thrown, whatever the node made of it.
  bool cancelled() const { return cancelled_; }
  /// Bytes of the outputs, without those that are inputs passed on.
  std::uint64_t bytes() const;

  void progress(std::int64_t done, std::int64_t total) override;
  bool wants_preview() const override;
  void preview(Picture picture) override;
  void warn(const std::string& text) override;
  void note(const std::string& key, nlohmann::json fact) override;
  std::vector<Note> ancestor_notes() const override;

  void check_cancel() override;

  const Device& device() const override;
  const Residency& memory() const override;
  const RunEnvironment& environment() const override;
  const std::string& node_id() const override;

  const Value& input(std::uint16_t index) const override;
  std::span<const Value> inputs(std::uint16_t index) const override;
  void set_output(std::uint16_t index, Value value) override;

 private:
  struct PortValues {
    const Value* first;
    std::uint32_t count;
  };

  PortValues values_of(const PortSource& source, const PortInfo& port, const Value& otherwise);
  const Value& made(Value value) { return made_.emplace_back(std::move(value)); }

  Run& run_;
  const PlanIndex node_;
  boost::container::small_vector<PortValues, 8> ports_;
  boost::container::small_vector<Value, 8> made_;  // literals, converted numbers, lists; never grows beyond its reserve
  boost::container::small_vector<Value, 4> outputs_;
  std::vector<KeptNote> notes_;
  bool cancelled_ = false;
};

}  // namespace weft
