// TorchRuntime: the engine's DeviceRuntime on libtorch. It speaks to c10's device-generic interface alone, so
// it is built without CUDA and drives whatever device libtorch has registered in this process.
#pragma once

#include <c10/core/Event.h>

#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/error_text.h"
#include "graph/device.h"

namespace weft {

class TorchRuntime final : public DeviceRuntime, public ErrorText {
 public:
  /// `chosen` comes first in devices(). Its support must be in the process: libtorch_cuda for "cuda".
  explicit TorchRuntime(Device chosen);

  std::vector<Device> devices() const override;
  /// `free` counts what libtorch holds unused.
  DeviceMemory memory(const Device& device) const override;
  StreamId create_stream(const Device& device) override;
  void destroy_stream(const Device& device, StreamId stream) override;
  void use_stream(const Device& device, StreamId stream) override;
  EventId record(const Device& device, StreamId stream) override;
  void wait(const Device& device, StreamId stream, EventId event) override;
  void synchronize(const Device& device, EventId event) override;
  void forget(const Device& device, EventId event) override;
  void trim(const Device& device) override;
  /// libtorch's errors carry a C++ backtrace, which is left out.
  std::string text_of(const std::exception& error) const override;
  std::optional<OutOfMemory> shortage_in(const std::exception& error) const override;

 private:
  /// Null for an event that is always reached.
  std::shared_ptr<const c10::Event> find(EventId event) const;

  const Device chosen_;
  mutable std::mutex mutex_;
  std::unordered_map<EventId, std::shared_ptr<const c10::Event>> events_;
  EventId last_event_ = 0;
};

}  // namespace weft
