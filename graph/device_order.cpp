#include "graph/device_order.h"

#include <algorithm>
#include <utility>

namespace weft {

StreamPool::~StreamPool() {
  for (const StreamId stream : all_) runtime_.destroy_stream(device_, stream);
}

StreamId StreamPool::take() {
  const std::scoped_lock lock(mutex_);
  if (free_.empty()) {
    all_.push_back(runtime_.create_stream(device_));
    return all_.back();
  }
  const StreamId stream = free_.back();
  free_.pop_back();
  return stream;
}

void StreamPool::give_back(StreamId stream) {
  const std::scoped_lock lock(mutex_);
  free_.push_back(stream);
}

DeviceOrder::DeviceOrder(StreamPool& streams, std::size_t nodes)
    : streams_(streams),
      runtime_(streams.runtime()),
      device_(streams.device()),
      idle_(device_.is_cpu()),
      traces_(idle_ ? 0 : nodes) {}

void DeviceOrder::begin(PlanIndex node, bool heavy, std::span<const PlanIndex> sources) {
  if (idle_) return;
  Trace& trace = traces_[node];
  const auto on_device = [&](PlanIndex source) { return traces_[source].on_device; };
  trace.on_device = heavy || std::ranges::any_of(sources, on_device);
  if (!trace.on_device) return;

  // A light node has the thread's default stream, for the little that it may submit.
  trace.stream = heavy ? stream_after(sources) : 0;
  note_use(trace.stream);
  runtime_.use_stream(device_, trace.stream);
  for (auto source = sources.begin(); source != sources.end(); ++source) {
    Trace& from = traces_[*source];
    if (from.on_device && from.stream == trace.stream && heavy) continue;
    from.read_elsewhere = true;
    if (!from.recorded || std::find(sources.begin(), source, *source) != source) continue;
    if (heavy) {
      runtime_.wait(device_, trace.stream, from.done);
    } else {
      runtime_.synchronize(device_, from.done);
    }
  }
}

StreamId DeviceOrder::stream_after(std::span<const PlanIndex> sources) {
  for (const PlanIndex source : sources) {
    if (traces_[source].stream_to_inherit.exchange(false)) return traces_[source].stream;
  }
  return streams_.take();
}

void DeviceOrder::note_use(StreamId stream) {
  const std::scoped_lock lock(mutex_);
  if (std::ranges::find(used_, stream) == used_.end()) used_.push_back(stream);
}

void DeviceOrder::end(PlanIndex node, bool succeeded, bool heavy_readers) {
  if (idle_ || !traces_[node].on_device) return;
  Trace& trace = traces_[node];
  if (succeeded) {
    trace.done = runtime_.record(device_, trace.stream);
    trace.recorded = true;
  }
  if (trace.stream == 0) return;
  if (succeeded && heavy_readers) {
    trace.stream_to_inherit = true;
  } else {
    streams_.give_back(trace.stream);
  }
}

void DeviceOrder::free(PlanIndex node, std::span<Value> outputs) {
  if (!idle_ && traces_[node].read_elsewhere) {
    const std::scoped_lock lock(mutex_);
    std::ranges::move(outputs, std::back_inserter(kept_));
  }
  for (Value& value : outputs) value = Value();
}

void DeviceOrder::release(PlanIndex node) {
  if (idle_) return;
  Trace& trace = traces_[node];
  if (std::exchange(trace.recorded, false)) runtime_.forget(device_, trace.done);
  if (trace.stream_to_inherit.exchange(false)) streams_.give_back(trace.stream);
}

void DeviceOrder::drain() {
  if (idle_) return;
  std::vector<StreamId> used;
  std::vector<Value> kept;
  {
    const std::scoped_lock lock(mutex_);
    used = used_;
    kept.swap(kept_);
  }
  for (const StreamId stream : used) {
    const EventId now = runtime_.record(device_, stream);
    runtime_.synchronize(device_, now);
    runtime_.forget(device_, now);
  }
}

}  // namespace weft
