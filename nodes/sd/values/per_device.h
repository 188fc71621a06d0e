// PerDevice: a network that is built at most once a device, by whoever asks first, and shared. Where there is a ledger, it
// is entered there, and it goes when it was not used for a while. Others who ask for the same device wait for the builder.
// PerPatches: those of one checkpoint for each stack of patches. [any thread]
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "graph/residency.h"
#include "nodes/sd/networks/memory_need.h"
#include "nodes/sd/networks/weight_loader.h"
#include "nodes/sd/tensors/torch_errors.h"
#include "nodes/sd/values/node_device.h"

namespace weft::sd {

template <class T>
class PerDevice {
 public:
  /// `build()` returns a T; called without anything built if it throws. What is returned stays as long as it is held: hold
  /// it for one use.
  template <class Build>
  std::shared_ptr<const T> get(const Residency& where, const NetworkSize& size, Build&& build) {
    const auto make = [&]() -> Resident::Object {
      // Who frees it knows nothing of the streams that may still read it.
      const auto destroy = [device = where.device()](const T* network) {
        finish_device(device);
        delete network;
      };
      const std::shared_ptr<const T> made(with_memory_errors([&] { return new T(build()); }), destroy);
      finish_current_stream(where.device());  // the next who asks may work on another stream
      return made;
    };
    return std::static_pointer_cast<const T>(
        resident(where.device()).use(where, {.name = size.name, .bytes = size.bytes}, make));
  }

 private:
  Resident& resident(const Device& device) {
    const std::lock_guard lock(mutex_);
    return residents_[device.name()];
  }

  std::mutex mutex_;
  std::map<std::string, Resident> residents_;
};

/// Thread-safe. Networks last as long as somebody holds what for_key() gave.
template <class T>
class PerPatches {
 public:
  /// Equal keys share their networks.
  std::shared_ptr<PerDevice<T>> for_key(const std::string& key) {
    const std::lock_guard lock(mutex_);
    std::erase_if(networks_, [](const auto& entry) { return entry.second.expired(); });
    auto& known = networks_[key];
    std::shared_ptr<PerDevice<T>> networks = known.lock();
    if (!networks) known = networks = std::make_shared<PerDevice<T>>();
    return networks;
  }

  /// What all of them on that device have made of the checkpoint's weights.
  std::shared_ptr<SharedWeights> shared_on(const Device& device) {
    const std::lock_guard lock(mutex_);
    auto& shared = shared_[device.name()];
    if (!shared) shared = std::make_shared<SharedWeights>();
    return shared;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<PerDevice<T>>> networks_;
  std::map<std::string, std::shared_ptr<SharedWeights>> shared_;
};

}  // namespace weft::sd
