// Hypernetwork: small networks, of the web UI of 2022, that change the context of each attention before keys and values are made
// of it, one pair for each width. Published files are pickles; as .safetensors they have the same names joined by dots:
// "768.0.linear.0.weight" for keys, "768.1. ..." for values, and in the metadata what else the pickle says ("activation_func",
// "activate_output", "is_layer_norm": "true"), as docs/models.md shows. Constant once open: any thread.
//
//   k_context = hypernetwork->of_keys(k_context, strength);
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace weft::sd {

class Hypernetwork {
 public:
  /// Throws ModelError for a file that cannot be read, that is none, or whose layers do not fit each other.
  static std::shared_ptr<const Hypernetwork> open(const std::filesystem::path& path);

  /// context [B, T, D] plus what the network of width D makes of it, times `strength`; itself where there is none of that width.
  at::Tensor of_keys(const at::Tensor& context, double strength) const { return changed(context, strength, false); }
  at::Tensor of_values(const at::Tensor& context, double strength) const { return changed(context, strength, true); }

  /// The widths of context that it changes, rising.
  std::vector<std::int64_t> widths() const;
  /// Equal for files of the same path, size and time.
  const std::string& stamp() const { return stamp_; }

 private:
  enum class Activation { None, ReLU, LeakyReLU, ELU, HardSwish, Tanh, Sigmoid, Softsign, Mish };
  struct Layer {
    at::Tensor weight, bias;
    bool norm = false;  ///< a layer norm, else a linear layer
    bool activated = false;
  };
  using Layers = std::vector<Layer>;
  using Key = std::pair<std::int64_t, bool>;  ///< width; of values?

  Hypernetwork() = default;
  static Activation activation_named(const std::string& name, const std::string& origin);
  at::Tensor activated(const at::Tensor& x) const;
  at::Tensor changed(const at::Tensor& context, double strength, bool values) const;

  std::string stamp_;
  Activation activation_ = Activation::None;
  std::map<Key, Layers> networks_;  ///< float32, on the CPU
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::map<Key, Layers>> elsewhere_;  ///< by device and type, as they were needed
};

}  // namespace weft::sd
