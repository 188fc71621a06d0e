#include <fmt/format.h>

#include "graph/plan.h"
#include "graph/validate.h"

namespace weft {
namespace {

/// Thrown where a fingerprint asks for a value that only a run can know. No std::exception, so that a node's
/// own handlers let it pass.
struct NotKnownYet {};

/// What Node::fingerprint() sees: params that are literals.
class ParamsContext final : public RunContext {
 public:
  ParamsContext(const Plan& plan, const RunEnvironment& environment, const Device& device)
      : plan_(plan), environment_(environment), memory_(device) {}

  void look_at(PlanIndex node) {
    node_ = node;
    literals_.clear();
  }

  const Value& input(std::uint16_t index) const override {
    const PortSource& source = plan_.ports(node_)[index];
    const PlanType& type = plan_.type(node_);
    const PortInfo& port = type.info->inputs[index];
    if (source.link_count > 0) {
      if (port.kind == PortKind::Param) throw NotKnownYet{};
      return type.defaults[index];
    }
    if (!source.literal) return type.defaults[index];
    Value& value = literals_[index];
    if (!value) value = literal_value(port, *source.literal);
    return value;
  }
  std::span<const Value> inputs(std::uint16_t index) const override {
    const Value& value = input(index);
    return {&value, value ? 1u : 0u};
  }

  const Device& device() const override { return memory_.device(); }
  const Residency& memory() const override { return memory_; }
  const RunEnvironment& environment() const override { return environment_; }
  const std::string& node_id() const override { return plan_.id(node_); }
  bool wants_preview() const override { return false; }
  std::vector<Note> ancestor_notes() const override { return {}; }

  // Not reachable through the const context that a fingerprint gets.
  void progress(std::int64_t, std::int64_t) override {}
  void preview(Picture) override {}
  void warn(const std::string&) override {}
  void note(const std::string&, nlohmann::json) override {}
  void set_output(std::uint16_t, Value) override {}

 private:
  const Plan& plan_;
  const RunEnvironment& environment_;
  const Residency memory_;
  PlanIndex node_ = 0;
  mutable std::unordered_map<std::uint16_t, Value> literals_;
};

/// What is outside the graph, as the nodes report it.
struct Surroundings {
  std::unordered_map<PlanIndex, std::string> fingerprints;
  std::unordered_map<PlanIndex, Problem> problems;
  std::vector<PlanIndex> always;  ///< run whatever the cache holds; ascending
};

Surroundings look_around(
    const Plan& plan, const PlanCode& code, const RunEnvironment& environment, const Device& device) {
  Surroundings found;
  ParamsContext params(plan, environment, device);
  for (PlanIndex i = 0; i < plan.size(); ++i) {
    const PlanType& type = plan.type(i);
    const auto fails = [&](const std::string& what) {
      found.problems[i] = {.node = plan.id(i), .what = fmt::format("{}: {}", type.info->id, what)};
    };
    bool always = type.info->options.cache == Cache::Never;
    const Node* node = code.find(plan.nodes()[i]);
    if (!node) {
      fails(code.problem(plan.nodes()[i]));
    } else {
      params.look_at(i);
      try {
        if (std::string text = node->fingerprint(params); !text.empty()) found.fingerprints[i] = std::move(text);
      } catch (const NotKnownYet&) {
        always = true;
      } catch (const std::exception& error) {
        fails(error.what());
      } catch (...) {
        fails("its fingerprint() threw something that is no std::exception");
      }
    }
    if (always || found.problems.contains(i)) found.always.push_back(i);
  }
  return found;
}

}  // namespace

std::shared_ptr<const Keys> make_keys(const Plan& plan, const PlanCode& code, const RunEnvironment& environment,
    const Device& device, std::uint64_t run_number, std::shared_ptr<const Keys> before) {
  Surroundings found = look_around(plan, code, environment, device);
  const KeyEnvironment surroundings{.dtype = environment.dtype, .device_kind = device.kind};
  if (before && found.always.empty() && before->once_count == 0 && before->environment == surroundings &&
      before->fingerprints == found.fingerprints) {
    return before;
  }

  auto next = std::make_shared<Keys>();
  next->environment = surroundings;
  next->fingerprints = std::move(found.fingerprints);
  next->problems = std::move(found.problems);
  next->keys.resize(plan.size());
  next->once.resize(plan.size());
  const ContentHash outside = ContentHasher()
                                  .add(std::string_view(surroundings.dtype))
                                  .add(std::string_view(surroundings.device_kind))
                                  .result();
  auto always = found.always.begin();
  for (PlanIndex i = 0; i < plan.size(); ++i) {
    ContentHasher hasher;
    hasher.add(plan.nodes()[i].params).add(outside);
    bool once = always != found.always.end() && *always == i;
    if (once) {
      ++always;
      hasher.add(run_number).add(std::uint64_t{i});
    }
    if (!next->fingerprints.empty()) {
      if (const auto text = next->fingerprints.find(i); text != next->fingerprints.end()) {
        hasher.add(std::string_view(text->second));
      }
    }
    for (const Source& link : plan.links(i)) {
      hasher.add(next->keys[link.node]).add(std::uint64_t{link.output});
      once = once || next->once[link.node];
    }
    next->keys[i] = hasher.result();
    next->once[i] = once;
    next->once_count += once;
  }
  return next;
}

}  // namespace weft
