#include "nodes/sd/adapters/merge.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <map>

#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/networks/weight_loader.h"

namespace weft::sd {
namespace {

at::IntArrayRef without_trailing_ones(at::IntArrayRef shape) {
  while (!shape.empty() && shape.back() == 1) shape = shape.slice(0, shape.size() - 1);
  return shape;
}

/// The second model's networks, by how the names of patches begin.
struct Second {
  struct Network {
    Part part;
    std::shared_ptr<WeightSource> weights;
  };

  explicit Second(const MergedModel& model) : checkpoint(model.checkpoint) {
    for (const Part part : model.parts)
      if (checkpoint->has(part))
        networks[std::string(info(part).folder)] = {
            part, checkpoint->weights(part, at::kCPU, at::kFloat, {model.patches, {}})};
  }

  /// float32; undefined where there is none of that name and shape.
  at::Tensor get(const std::string& folder, const std::string& name, at::IntArrayRef shape) const {
    const auto network = networks.find(folder);
    if (network == networks.end()) return {};
    const TensorMap& tensors = checkpoint->tensors(network->second.part);
    const auto found = tensors.find(name);
    const bool fits =
        found != tensors.end() && without_trailing_ones(found->second.sizes()) == without_trailing_ones(shape);
    return fits ? network->second.weights->get(name, shape, Init::Zeros) : at::Tensor();
  }

  std::shared_ptr<const Checkpoint> checkpoint;
  std::map<std::string, Network> networks;
};

}  // namespace

Patch merge_patch(const std::string& key, const MergedModel& second, SharesOf shares) {
  const std::string path = second.checkpoint->path().string();
  Patch patch{.key = fmt::format("merge {} {} {} {}", key, path, file_stamp(second.checkpoint->path()),
                  key_of(weight_patches(second.patches)))};
  patch.weight = [second = std::make_shared<const Second>(second), shares = std::move(shares)](
                     const std::string& name, const at::Tensor& base) {
    const at::NoGradGuard no_grad;
    const std::size_t dot = name.find('.');
    const std::string in_network = name.substr(dot + 1);
    const MergeShares share = shares(in_network);
    if (share.first == 1 && share.second == 0) return base;
    const at::Tensor other = second->get(name.substr(0, dot), in_network, base.sizes());
    if (!other.defined()) return base;
    return (base.to(at::kCPU, at::kFloat) * share.first + other * share.second).to(base.options());
  };
  return patch;
}

}  // namespace weft::sd
