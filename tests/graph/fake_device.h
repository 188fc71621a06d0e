// FakeDevice: a DeviceRuntime without a device. It keeps a list of the calls, for tests of the exact order;
// and it knows what happens before what, for tests that no node reads what may not be there yet, and that no
// memory is used again while somebody may still read it.
//
// A node's work is an operation: submit() puts it into the stream that is current on the thread. What a
// stream knows is the set of operations that are certainly over when its next one starts.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "graph/device.h"

namespace weft::toy {

class FakeDevice final : public DeviceRuntime {
 public:
  using Operation = int;

  /// Memory that an operation wrote; freed where the last owner lets go of it.
  struct Memory {
    FakeDevice& device;
    StreamId stream;
    Operation writer;
    std::set<Operation> readers = {};
    ~Memory() { device.on_free(*this); }
  };
  using MemoryPtr = std::shared_ptr<Memory>;

  /// Runs an operation that reads `sources` in the thread's current stream, and gives what it wrote.
  MemoryPtr submit(const std::vector<MemoryPtr>& sources) {
    const std::scoped_lock lock(mutex_);
    const StreamId stream = current_[std::this_thread::get_id()];
    std::set<Operation>& known = known_to(stream);
    const Operation operation = ++last_operation_;
    for (const MemoryPtr& source : sources) {
      if (!known.contains(source->writer) && source->writer > over_before_) {
        violations.push_back("an operation reads what another stream may not have written yet");
      }
      source->readers.insert(operation);
    }
    known.insert(operation);
    return std::make_shared<Memory>(*this, stream, operation);
  }

  /// The CPU reads.
  void read_on_host(const MemoryPtr& source) {
    const std::scoped_lock lock(mutex_);
    if (!host_knows(source->writer)) violations.push_back("the CPU reads what may not be written yet");
  }

  /// A run has ended: all of its work must be over, and the threads of the next one know that.
  void end_of_run() {
    const std::scoped_lock lock(mutex_);
    for (Operation operation = 1; operation <= last_operation_; ++operation) {
      if (!over_.contains(operation)) violations.push_back("the run ended before its work");
    }
    over_before_ = last_operation_;
  }

  std::vector<Device> devices() const override { return {kDevice, Device{}}; }
  DeviceMemory memory(const Device&) const override { return {.total = capacity, .free = capacity - allocated}; }

  /// Memory of the device, until the last owner lets go of it. Throws OutOfMemory.
  std::shared_ptr<const void> allocate(std::uint64_t bytes) {
    if (allocated + bytes > capacity) throw OutOfMemory(kDevice.name(), bytes, capacity - allocated);
    allocated += bytes;
    return {this, [this, bytes](const void*) { allocated -= bytes; }};
  }

  StreamId create_stream(const Device&) override {
    const std::scoped_lock lock(mutex_);
    call("create s{}", ++last_stream_);
    live_streams.insert(last_stream_);
    return last_stream_;
  }
  void destroy_stream(const Device&, StreamId stream) override {
    const std::scoped_lock lock(mutex_);
    call("destroy s{}", stream);
    live_streams.erase(stream);
  }
  void use_stream(const Device&, StreamId stream) override {
    const std::scoped_lock lock(mutex_);
    call("use s{}", stream);
    current_[std::this_thread::get_id()] = stream;
  }
  EventId record(const Device&, StreamId stream) override {
    const std::scoped_lock lock(mutex_);
    const EventId event = ++last_event_;
    call("record s{} e{}", stream, event);
    events_[event] = known_to(stream);
    return event;
  }
  void wait(const Device&, StreamId stream, EventId event) override {
    const std::scoped_lock lock(mutex_);
    call("wait s{} e{}", stream, event);
    learn(streams_[stream], event);
  }
  void synchronize(const Device&, EventId event) override {
    const std::scoped_lock lock(mutex_);
    call("synchronize e{}", event);
    learn(host_known(), event);
    learn(over_, event);
  }
  void forget(const Device&, EventId event) override {
    const std::scoped_lock lock(mutex_);
    call("forget e{}", event);
    if (events_.erase(event) == 0) violations.push_back("an event is forgotten twice");
  }
  void trim(const Device&) override {
    const std::scoped_lock lock(mutex_);
    calls.push_back("trim");
  }

  std::size_t live_events() const { return events_.size(); }

  static inline const Device kDevice{.kind = "fake", .index = 0};

  // Read after a run.
  std::vector<std::string> calls;
  std::vector<std::string> violations;
  std::set<StreamId> live_streams;

  std::uint64_t capacity = 1000 << 20;  ///< set before a run
  std::atomic<std::uint64_t> allocated = 990 << 20;  ///< most of it by others, at the start

 private:
  void call(std::string pattern, std::uint64_t first, std::uint64_t second = 0) {
    for (const std::uint64_t number : {first, second}) {
      if (const auto at = pattern.find("{}"); at != std::string::npos) pattern.replace(at, 2, std::to_string(number));
    }
    calls.push_back(pattern);
  }

  std::set<Operation>& host_known() { return host_known_[std::this_thread::get_id()]; }
  /// What this thread has waited for is over before all that it puts into a stream from now on.
  std::set<Operation>& known_to(StreamId stream) {
    std::set<Operation>& known = streams_[stream];
    known.insert(host_known().begin(), host_known().end());
    return known;
  }
  bool host_knows(Operation operation) { return operation <= over_before_ || host_known().contains(operation); }

  void learn(std::set<Operation>& known, EventId event) {
    const auto found = events_.find(event);
    if (found == events_.end()) {
      violations.push_back("an event is used that was never recorded, or is forgotten");
    } else {
      known.insert(found->second.begin(), found->second.end());
    }
  }

  void on_free(const Memory& memory) {
    const std::scoped_lock lock(mutex_);
    for (const Operation reader : memory.readers) {
      if (!streams_[memory.stream].contains(reader) && !over_.contains(reader)) {
        violations.push_back("memory goes back to its stream while another stream may still read it");
      }
    }
  }

  std::mutex mutex_;
  std::map<std::thread::id, StreamId> current_;
  std::map<StreamId, std::set<Operation>> streams_;
  std::map<std::thread::id, std::set<Operation>> host_known_;
  std::set<Operation> over_;  // what any thread has waited for
  std::map<EventId, std::set<Operation>> events_;
  Operation last_operation_ = 0;
  Operation over_before_ = 0;  // up to this one, all were over when the run began
  StreamId last_stream_ = 0;
  EventId last_event_ = 0;
};

}  // namespace weft::toy
