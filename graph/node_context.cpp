#include "graph/node_context.h"

#include <fmt/format.h>

#include <algorithm>

#include "graph/validate.h"

namespace weft {
namespace {

Value converted(const Value& value, const Source& link) {
  return link.to_float ? Value::of(static_cast<double>(value.as<std::int64_t>())) : value;
}

}  // namespace

NodeContext::NodeContext(Run& run, PlanIndex node) : run_(run), node_(node) {
  const Plan& plan = run.plan();
  const PlanType& type = plan.type(node);
  const std::span<const PortSource> ports = plan.ports(node);
  made_.reserve(ports.size() + plan.links(node).size());
  ports_.reserve(ports.size());
  for (std::size_t i = 0; i < ports.size(); ++i) {
    ports_.push_back(values_of(ports[i], type.info->inputs[i], type.defaults[i]));
  }
  outputs_.resize(type.info->outputs.size());
}

NodeContext::PortValues NodeContext::values_of(const PortSource& source, const PortInfo& port, const Value& otherwise) {
  const std::span<const Source> links = run_.plan().links(source);
  if (links.empty()) {
    if (source.literal) return {&made(literal_value(port, *source.literal)), 1};
    return {&otherwise, otherwise ? 1u : 0u};
  }
  if (!port.many) {
    const Value& value = run_.value(links[0]);
    return {links[0].to_float ? &made(converted(value, links[0])) : &value, 1};
  }
  const std::size_t first = made_.size();
  for (const Source& link : links) made(converted(run_.value(link), link));
  return {&made_[first], source.link_count};
}

std::uint64_t NodeContext::bytes() const {
  std::uint64_t sum = 0;
  for (const Value& output : outputs_) {
    const auto passes_on = [&](const PortValues& port) {
      return std::any_of(port.first, port.first + port.count, [&](const Value& v) { return v.same_object(output); });
    };
    if (std::ranges::none_of(ports_, passes_on)) sum += output.bytes();
  }
  return sum;
}

void NodeContext::check_cancel() {
  if (!run_.stop_requested()) return;
  cancelled_ = true;
  throw Cancelled{};
}

void NodeContext::progress(std::int64_t done, std::int64_t total) {
  check_cancel();
  run_.send(node_, NodeProgress{done, total});
  check_cancel();  // the observer may have asked for it
}

bool NodeContext::wants_preview() const { return run_.wants_previews(); }

void NodeContext::preview(Picture picture) {
  if (!wants_preview()) return;
  if (picture.is_whole())
    run_.send(node_, NodePreview{std::move(picture)});
  else
    warn(fmt::format("its preview of {} x {} has {} bytes: rgb must hold width * height * 3", picture.width,
        picture.height, picture.rgb.size()));
}

void NodeContext::warn(const std::string& text) { run_.send(node_, NodeWarning{text}); }

void NodeContext::note(const std::string& key, nlohmann::json fact) {
  std::erase_if(notes_, [&](const KeptNote& note) { return note.key == key; });
  notes_.push_back({.producer = run_.key(node_), .key = key, .fact = std::move(fact)});
}

std::vector<Note> NodeContext::ancestor_notes() const { return run_.ancestor_notes(node_); }
const Device& NodeContext::device() const { return memory().device(); }
const Residency& NodeContext::memory() const { return run_.memory(node_); }
const RunEnvironment& NodeContext::environment() const { return run_.environment(); }
const std::string& NodeContext::node_id() const { return run_.plan().id(node_); }
const Value& NodeContext::input(std::uint16_t index) const { return *ports_[index].first; }
std::span<const Value> NodeContext::inputs(std::uint16_t index) const {
  return {ports_[index].first, ports_[index].count};
}

void NodeContext::set_output(std::uint16_t index, Value value) {
  if (index >= outputs_.size()) {
    throw NodeError(fmt::format("sets output number {}, it declares {}", index, outputs_.size()));
  }
  outputs_[index] = std::move(value);
}

}  // namespace weft
