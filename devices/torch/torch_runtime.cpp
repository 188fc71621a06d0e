#include "devices/torch/torch_runtime.h"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <string>
#include <utility>

#include "devices/torch/cpu_block_cache.h"
#include "devices/torch/cpu_memory.h"
#include "devices/torch/memory_shortage.h"

namespace weft {
namespace {

c10::Device torch_device(const Device& device) { return c10::Device(device.kind + ":" + std::to_string(device.index)); }

c10::impl::VirtualGuardImpl backend(const Device& device) {
  return c10::impl::VirtualGuardImpl(torch_device(device).type());
}

/// A StreamId is libtorch's own number, in which 0 is the default stream too.
c10::Stream torch_stream(const Device& device, StreamId stream) {
  return c10::Stream(c10::Stream::UNSAFE, torch_device(device), static_cast<c10::StreamId>(stream));
}

c10::DeviceAllocator& allocator(const Device& device) { return *c10::getDeviceAllocator(torch_device(device).type()); }

std::uint64_t current(const c10::CachingAllocator::StatArray& statistic) {
  return static_cast<std::uint64_t>(
      statistic[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)].current);
}

}  // namespace

TorchRuntime::TorchRuntime(Device chosen) : chosen_(std::move(chosen)) {}

std::vector<Device> TorchRuntime::devices() const {
  if (chosen_.is_cpu()) return {chosen_};
  return {chosen_, Device{}};
}

DeviceMemory TorchRuntime::memory(const Device& device) const {
  if (device.is_cpu()) {
    DeviceMemory memory = cpu_memory();
    memory.free += CpuBlockCache::of_process().kept();
    return memory;
  }
  const auto index = static_cast<c10::DeviceIndex>(device.index);
  const auto [free, total] = allocator(device).getMemoryInfo(index);
  const auto stats = allocator(device).getDeviceStats(index);
  return {.total = total, .free = free + current(stats.reserved_bytes) - current(stats.allocated_bytes)};
}

StreamId TorchRuntime::create_stream(const Device& device) {
  if (device.is_cpu()) return 0;
  return static_cast<StreamId>(backend(device).getStreamFromGlobalPool(torch_device(device)).id());
}

// libtorch's streams come from a pool and live as long as the process.
void TorchRuntime::destroy_stream(const Device&, StreamId) {}

void TorchRuntime::use_stream(const Device& device, StreamId stream) {
  if (device.is_cpu()) return;
  backend(device).setDevice(torch_device(device));
  backend(device).exchangeStream(torch_stream(device, stream));
}

EventId TorchRuntime::record(const Device& device, StreamId stream) {
  if (device.is_cpu()) return 0;
  auto event = std::make_shared<c10::Event>(torch_device(device).type());
  event->record(torch_stream(device, stream));
  const std::scoped_lock lock(mutex_);
  events_.emplace(++last_event_, std::move(event));
  return last_event_;
}

void TorchRuntime::wait(const Device& device, StreamId stream, EventId event) {
  if (const auto found = find(event)) found->block(torch_stream(device, stream));
}

void TorchRuntime::synchronize(const Device&, EventId event) {
  if (const auto found = find(event)) found->synchronize();
}

void TorchRuntime::forget(const Device&, EventId event) {
  const std::scoped_lock lock(mutex_);
  events_.erase(event);
}

void TorchRuntime::trim(const Device& device) {
  if (device.is_cpu()) {
    CpuBlockCache::of_process().release();
  } else {
    allocator(device).emptyCache();
  }
}

std::shared_ptr<const c10::Event> TorchRuntime::find(EventId event) const {
  const std::scoped_lock lock(mutex_);
  const auto found = events_.find(event);
  return found == events_.end() ? nullptr : found->second;
}

std::string TorchRuntime::text_of(const std::exception& error) const {
  const auto* own = dynamic_cast<const c10::Error*>(&error);
  return own ? own->what_without_backtrace() : error.what();
}

std::optional<OutOfMemory> TorchRuntime::shortage_in(const std::exception& error) const {
  return memory_shortage_in(text_of(error));
}

}  // namespace weft
