// DeviceRuntime: the little that the scheduler needs to know of devices. The torch implementation lives with
// the nodes' library; tests use a fake one that records the order of calls. An engine without any runtime has
// the CPU alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/export.h"

namespace weft {

struct Device {
  std::string kind = "cpu";  ///< "cpu", "cuda"
  int index = 0;

  /// "cpu", "cuda:0"
  WEFT_EXPORT std::string name() const;
  bool is_cpu() const { return kind == "cpu"; }
  bool operator==(const Device&) const = default;
};

/// Work queue of a device. 0 is the device's default stream; the CPU has only that.
using StreamId = std::uint64_t;
/// A point in a stream's work. 0 is a point that is always reached.
using EventId = std::uint64_t;

struct DeviceMemory {
  std::uint64_t total = 0;
  std::uint64_t free = 0;
  std::uint64_t swap = 0;  ///< free on the disk, for what memory does not hold; of the CPU
};

/// [any thread]
class WEFT_EXPORT DeviceRuntime {
 public:
  virtual ~DeviceRuntime() = default;

  /// Devices that can be used, best first. Never empty: the last is the CPU.
  virtual std::vector<Device> devices() const = 0;
  virtual DeviceMemory memory(const Device&) const = 0;

  virtual StreamId create_stream(const Device&) = 0;
  virtual void destroy_stream(const Device&, StreamId) = 0;
  /// Makes `stream` current on this thread until the next call; what a node submits goes there.
  virtual void use_stream(const Device&, StreamId) = 0;
  /// A point after all that was submitted to `stream` so far.
  virtual EventId record(const Device&, StreamId) = 0;
  /// Later work of `stream` waits for `event`, without stopping the thread.
  virtual void wait(const Device&, StreamId, EventId) = 0;
  /// Stops the thread until `event` is reached; needed before the CPU reads what a device wrote.
  virtual void synchronize(const Device&, EventId) = 0;
  virtual void forget(const Device&, EventId) = 0;
  /// Gives memory that is cached but unused back to the device.
  virtual void trim(const Device&) = 0;
};

/// A runtime with the CPU alone: streams and events are no-ops, memory is what the system says.
WEFT_EXPORT std::unique_ptr<DeviceRuntime> make_cpu_runtime();

}  // namespace weft
