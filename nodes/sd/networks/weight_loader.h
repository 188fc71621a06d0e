// Loading a network from tensors in mapped files: converted, patched and packed on all threads, and shared where another
// network that is alive has made the same of the same weight. A LoRA's network thus costs what the LoRA changes, in time and
// memory, and taking it off gives the tensors from before.
//
//   const auto loader = std::make_shared<WeightLoader>(std::move(request));
//   UNet unet(config, Weights(loader));
//   loader->finish();  // only now is all of it there
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "nodes/sd/networks/patch.h"
#include "nodes/sd/networks/weights.h"
#include "nodes/sd/tensors/tensor_map.h"

namespace weft::sd {

/// What networks of one model's part on one device have made of its weights, for as long as one of them lives. [any thread]
class SharedWeights {
 public:
  /// What was made of weight `name` under patches of that key; null where nobody has it any more.
  std::shared_ptr<const PreparedWeight> find(const std::string& name, const std::string& patches) const;
  void keep(const std::string& name, const std::string& patches, const PreparedWeight& weight);
  bool has(const std::string& name, const std::string& patches) const { return find(name, patches) != nullptr; }

 private:
  struct Weak;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const Weak>> kept_;
};

/// One network, on one thread.
class WeightLoader final : public WeightSource {
 public:
  struct Request {
    TensorMap tensors;  ///< of the network, by canonical names
    TensorMap scales = {};  ///< of those that are quantised
    /// The values of a tensor that `tensors` has the shape of and no memory (GGUF), of any float type; undefined for others.
    /// Several threads call it at once. May be empty.
    std::function<at::Tensor(const std::string& name)> unpacked = {};
    std::string origin;  ///< named in errors
    at::Device device = at::kCPU;
    at::ScalarType dtype = at::kFloat;
    Patches patches = {};
    std::string network = {};  ///< "unet": patches know its weights as "unet.NAME"
    std::shared_ptr<SharedWeights> shared = {};  ///< or null
    /// Gives back to the system what was read of the files: a network has its own copy of almost everything, and a model
    /// that is in memory twice would be the peak of the whole run. Any thread may call it.
    std::function<void()> release_files = {};
  };

  explicit WeightLoader(Request request);

  WEFT_SD_EXPORT at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) override;
  bool has(const std::string& name) const override { return plain_.has(name); }
  WEFT_SD_EXPORT std::shared_ptr<const PreparedWeight> prepared(
      const std::string& name, at::IntArrayRef shape, Init init, const Prepare& prepare) override;

  /// Prepares what was asked for. Throws what loading a weight throws, and Cancelled.
  void finish();

 private:
  struct Job {
    std::string name;
    std::vector<std::int64_t> shape;
    Init init;
    Prepare prepare;
    std::shared_ptr<PreparedWeight> result;
  };

  at::Tensor read(const std::string& name, at::IntArrayRef shape, Init init, bool exact);
  at::Tensor loaded(const std::string& name, at::IntArrayRef shape, Init init, const Patches& patches);
  std::string key_of_patches(const std::string& name) const;
  void run(const Job& job);
  void count_read(std::size_t bytes);

  Request request_;
  TensorMapSource plain_, exact_;
  std::vector<Job> jobs_;
  std::mutex reading_;
  std::size_t read_ = 0;
};

/// Calls `work` with each of 0 ... count - 1, on all threads of libtorch; each takes the next that is left. Throws what one
/// of them throws first; Cancelled from this thread's CancelScope.
void for_each_in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace weft::sd
