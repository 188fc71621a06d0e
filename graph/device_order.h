// DeviceOrder: keeps the work that a run's nodes submit to a device in the order of the graph, by streams and
// events. A node goes on in the stream of one that it reads; a branch gets a stream of its own; a node that
// reads another stream's result makes its stream wait for that; a node on the CPU waits itself. On the CPU
// alone there is nothing to do. [run-thread]
//
// Rationale of kept values. An allocator gives freed memory to the stream that it came from, which must not
// write there while another stream still reads. Values may share memory (views, forwarded inputs), so the
// engine cannot know what is whose: what was read on another stream than it was made on lives until the
// device was waited for.
#pragma once

#include <atomic>
#include <mutex>
#include <span>
#include <vector>

#include "graph/device.h"
#include "graph/plan.h"
#include "graph/value.h"

namespace weft {

/// Streams of one device, made when needed and used again, also by later runs.
class StreamPool {
 public:
  StreamPool(DeviceRuntime& runtime, const Device& device) : runtime_(runtime), device_(device) {}
  ~StreamPool();
  StreamPool(const StreamPool&) = delete;
  StreamPool& operator=(const StreamPool&) = delete;

  StreamId take();
  void give_back(StreamId stream);
  const Device& device() const { return device_; }
  DeviceRuntime& runtime() { return runtime_; }

 private:
  DeviceRuntime& runtime_;
  const Device device_;
  std::mutex mutex_;
  std::vector<StreamId> free_;
  std::vector<StreamId> all_;
};

class DeviceOrder {
 public:
  DeviceOrder(StreamPool& streams, std::size_t nodes);

  /// On the CPU: the other calls do nothing then but free outputs.
  bool idle() const { return idle_; }
  /// Before a node runs, on its thread. `sources` are the nodes that it reads; one may stand there several
  /// times.
  void begin(PlanIndex node, bool heavy, std::span<const PlanIndex> sources);
  /// After a node ran. `heavy_readers`: whether a node may come that goes on in its stream.
  void end(PlanIndex node, bool succeeded, bool heavy_readers);
  /// After the last node that reads these outputs of a node; takes them over.
  void free(PlanIndex node, std::span<Value> outputs);
  /// After the last node that reads any output.
  void release(PlanIndex node);
  /// Waits for all that was submitted, and frees the kept values.
  void drain();

 private:
  struct Trace {
    bool on_device = false;
    StreamId stream = 0;
    EventId done = 0;
    bool recorded = false;
    std::atomic<bool> stream_to_inherit = false;
    std::atomic<bool> read_elsewhere = false;
  };

  StreamId stream_after(std::span<const PlanIndex> sources);
  void note_use(StreamId stream);

  StreamPool& streams_;
  DeviceRuntime& runtime_;
  const Device& device_;
  const bool idle_;
  std::vector<Trace> traces_;
  std::mutex mutex_;
  std::vector<StreamId> used_;
  std::vector<Value> kept_;
};

}  // namespace weft
