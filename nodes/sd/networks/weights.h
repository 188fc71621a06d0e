// Where the networks get their tensors from.
//
// A network is written once, as a constructor that asks for each tensor by its diffusers/transformers name
// and shape. What answers is a WeightSource: a checkpoint (checks, converts, counts what was used), or
// ParameterSource, which makes new trainable parameters under the same names. So what is trained is saved and
// loaded by the same names.
//
//   auto source = std::make_shared<ParameterSource>(/*seed=*/7);
//   UNet unet(config, Weights(source));                        // parameters exist now
//   for (auto& [name, tensor] : source->parameters()) ...      // "conv_in.weight", ...
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nodes/sd/tensors/export.h"
#include "nodes/sd/tensors/tensor_map.h"

namespace weft::sd {

/// How a parameter starts when it is trained from nothing. A checkpoint ignores it.
enum class Init {
  FanIn,   ///< uniform in +-1/sqrt(fan in), which is what torch's Conv2d and Linear do
  Normal,  ///< normal with deviation 0.02: embeddings
  Zeros,
  Ones,
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wattributes"  // libtorch's headers make std::vector<at::Tensor> a hidden type
/// What a layer keeps of a weight: the tensor as it is, or what it was packed into.
struct PreparedWeight {
  std::vector<at::Tensor> tensors;
  bool packed = false;
};
#pragma GCC diagnostic pop
using Prepare = std::function<PreparedWeight(const at::Tensor& weight)>;

class WeightSource {
 public:
  virtual ~WeightSource() = default;

  /// The tensor `name` of exactly this shape. Throws ModelError naming tensor, file and both shapes
  /// otherwise.
  virtual at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) = 0;

  /// Whether get(name) would find something.
  virtual bool has(const std::string& name) const = 0;

  /// get(), prepared. A source that loads on several threads may fill it in later: whoever builds a network finishes that
  /// before it is used. Throws as get() does, or lets the finishing throw.
  virtual std::shared_ptr<const PreparedWeight> prepared(
      const std::string& name, at::IntArrayRef shape, Init init, const Prepare& prepare);
};

/// A source seen from one place of the name tree: `weights / "mid_block" / "resnets" / 0`. Copies are cheap.
class Weights {
 public:
  explicit Weights(std::shared_ptr<WeightSource> source, std::string prefix = "")
      : source_(std::move(source)), prefix_(std::move(prefix)) {}

  Weights operator/(const std::string& child) const { return Weights(source_, path(child)); }
  Weights operator/(std::int64_t index) const { return *this / std::to_string(index); }

  at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) const {
    return source_->get(path(name), shape, init);
  }
  bool has(const std::string& name) const { return source_->has(path(name)); }
  std::shared_ptr<const PreparedWeight> prepared(
      const std::string& name, at::IntArrayRef shape, Init init, const Prepare& prepare) const {
    return source_->prepared(path(name), shape, init, prepare);
  }

  /// Of this place: "mid_block.resnets.0". Empty at the root.
  const std::string& name() const { return prefix_; }

 private:
  std::string path(const std::string& child) const { return prefix_.empty() ? child : prefix_ + "." + child; }

  std::shared_ptr<WeightSource> source_;
  std::string prefix_;
};

/// Makes float32 parameters with requires_grad, convolutions in channels_last. The same seed gives the same
/// values, whatever the order of the calls. Names in `start` begin from a copy of those values (to resume a
/// training).
class ParameterSource final : public WeightSource {
 public:
  explicit ParameterSource(std::uint64_t seed, TensorMap start = {});

  WEFT_SD_EXPORT at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) override;
  bool has(const std::string&) const override { return true; }

  /// In the order in which the network asked.
  const std::vector<std::pair<std::string, at::Tensor>>& parameters() const { return parameters_; }

 private:
  std::uint64_t seed_;
  TensorMap start_;
  std::vector<std::pair<std::string, at::Tensor>> parameters_;
};

/// Tensors that are already in memory (an EMA copy, a test), cast to `dtype` on `device`.
class TensorMapSource final : public WeightSource {
 public:
  /// `origin` is named in errors: a file, or "the EMA weights". Those that have a scale (quantised.h) are
  /// multiplied by it.
  TensorMapSource(TensorMap tensors, std::string origin, at::ScalarType dtype = at::kFloat,
      at::Device device = at::kCPU, TensorMap scales = {});

  WEFT_SD_EXPORT at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) override;
  bool has(const std::string& name) const override { return tensors_.contains(name); }

  /// Throws what get() would. A shape may differ in trailing ones: files hold some linear layers as 1x1
  /// convolutions.
  WEFT_SD_EXPORT const at::Tensor& check(const std::string& name, at::IntArrayRef shape) const;

 private:
  TensorMap tensors_, scales_;
  std::string origin_;
  at::ScalarType dtype_;
  at::Device device_;
};

}  // namespace weft::sd
