// WeightChange: how an adapter changes one tensor of a network, by a formula of a published form. Each form is a function
// in a table of its own kind (low_rank.cpp, lycoris.cpp ...), so a further one is a row. Pure functions: any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weft::sd {

/// Which of two formulas a file with magnitudes (DoRA) is applied by.
enum class Dora {
  AsTrained,  ///< with_magnitude(), as LyCORIS and peft train it
  /// (W + D) m / |W|, and a strength goes that share of the way from W to it; peft's magnitudes do not count.
  AsComfyUI,
};

/// What a file holds for one layer, by role ("lora_up", "alpha", "hada_w1_a" ...), in the type of the file.
struct AdapterTensors {
  std::map<std::string, at::Tensor> by_role;
  std::string layer;  ///< as the file calls it, for errors
  bool dora_as_comfyui = false;  ///< see Dora

  bool has(std::string_view role) const { return by_role.contains(std::string(role)); }
  /// float32. Undefined where it is missing.
  at::Tensor get(std::string_view role) const;
  /// A number, whatever its type. Throws std::invalid_argument where it is none.
  std::optional<double> number(std::string_view role) const;
};

/// Gives what takes the place of `weight` (float32, of the network's shape) at this strength; 1 is as trained. It must not
/// write to it. Throws std::invalid_argument where shapes do not fit.
using WeightChange = std::function<at::Tensor(const at::Tensor& weight, double strength)>;

struct AdapterForm {
  std::string_view name;  ///< "LoRA", for messages
  bool (*recognises)(const AdapterTensors& tensors);
  /// `usual_scale` is what the file says for a layer without alpha.
  WeightChange (*change)(const AdapterTensors& tensors, double usual_scale);
};

std::span<const AdapterForm> low_rank_forms();
std::span<const AdapterForm> lycoris_forms();
std::span<const AdapterForm> scaled_weight_forms();
std::span<const AdapterForm> orthogonal_forms();
std::span<const AdapterForm> difference_forms();
/// The first of all that recognises it; null: none.
const AdapterForm* form_of(const AdapterTensors& tensors);

/// `weight` plus `change`, which may be of another shape with as many values (a 1x1 convolution's of a linear layer's).
at::Tensor plus_change(const at::Tensor& weight, const at::Tensor& change, double strength);

/// Weight-decomposed adaptation (DoRA, Liu et al. 2024, arXiv:2402.09353), as the training libraries have it: `changed` gets
/// the magnitudes of the file: of its outputs ([out] or [out, 1, ...]) or of its inputs ([1, in, ...]). With a strength s it is
/// (W + D) (1 + s (m / |W + D| - 1)), the whole D, as in LyCORIS.
at::Tensor with_magnitude(const at::Tensor& changed, const at::Tensor& magnitude, double strength);

/// `weight` plus `change`, or where the file has magnitudes what becomes of it by the formula that it is to be applied by.
at::Tensor decomposed(
    const AdapterTensors& tensors, const at::Tensor& weight, const at::Tensor& change, double strength);

}  // namespace weft::sd
