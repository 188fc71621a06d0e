// PerDevice: something large that is built at most once a device, by whoever asks first, and shared. Thread-safe; others
// who ask for the same device wait for the builder.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "graph/device.h"
#include "nodes/sd/transfer.h"

namespace weft::sd {

template <class T>
class PerDevice {
 public:
  /// `build()` returns a T; called without anything built if it throws.
  template <class Build>
  std::shared_ptr<const T> get(const Device& device, Build&& build) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const T>& built = built_[device.name()];
    if (!built) {
      auto made = std::make_shared<const T>(build());
      finish_current_stream(device);  // the next who asks may work on another stream
      built = std::move(made);
    }
    return built;
  }

  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return built_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const T>> built_;
};

}  // namespace weft::sd
