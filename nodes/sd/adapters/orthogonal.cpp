// Orthogonal fine-tuning (Qiu et al. 2023, arXiv:2306.07280): a weight is multiplied by a rotation that is made of small blocks,
// each the Cayley transform of a skew matrix. LyCORIS and sd-scripts rotate the outputs (OFT, and BOFT with several rotations in
// the manner of butterflies, Liu et al. 2023, arXiv:2311.06243), peft the inputs.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <stdexcept>

#include "nodes/sd/adapters/weight_change.h"

namespace weft::sd {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(what);
}

at::Tensor identity(std::int64_t size) { return at::eye(size, at::kFloat); }

/// `blocks` [..., b, b] of any values to rotations. `bound` is what the norm of all skew matrices together may be; 0: any.
at::Tensor rotations(const at::Tensor& blocks, double bound) {
  at::Tensor skew = blocks - blocks.transpose(-1, -2);
  const double norm = skew.norm().item<double>() + 1e-8;
  if (bound > 0 && norm > bound) skew = skew * (bound / norm);
  const at::Tensor one = identity(blocks.size(-1));
  return at::matmul(one + skew, at::inverse(one - skew));
}

/// The file's alpha is not a scale: times the outputs it bounds the norm.
double bound_of(const AdapterTensors& tensors, std::int64_t outputs) {
  return tensors.number("alpha").value_or(0) * static_cast<double>(outputs);
}

/// By a factor for each output, where the file has them: at every strength whole, as in LyCORIS.
at::Tensor rescaled(const AdapterTensors& tensors, const at::Tensor& weight) {
  const at::Tensor factors = tensors.get("rescale");
  if (!factors.defined()) return weight;
  require(factors.numel() == weight.size(0), "its rescale is not a number for each output");
  std::vector<std::int64_t> shape(static_cast<std::size_t>(weight.dim()), 1);
  shape[0] = -1;
  return weight * factors.reshape(shape);
}

/// A part of the way from the identity.
at::Tensor weakened(const at::Tensor& rotation, double strength) {
  return strength == 1 ? rotation : rotation * strength + (1 - strength) * identity(rotation.size(-1));
}

// ---- OFT ----

bool is_oft(const AdapterTensors& tensors) {
  return tensors.has("oft_blocks") && tensors.by_role.at("oft_blocks").dim() == 3;
}

WeightChange oft(const AdapterTensors& tensors, double) {
  const at::Tensor blocks = tensors.by_role.at("oft_blocks");
  require(blocks.size(1) == blocks.size(2) && blocks.size(1) > 0, "its blocks are not square");
  static_cast<void>(tensors.number("alpha"));
  return [tensors](const at::Tensor& weight, double strength) {
    const at::Tensor blocks = tensors.get("oft_blocks");
    const std::int64_t count = blocks.size(0), size = blocks.size(1);
    require(weight.size(0) == count * size, "its blocks are not as many as the outputs");
    const at::Tensor rotation = weakened(rotations(blocks, bound_of(tensors, weight.size(0))), strength);
    const at::Tensor rows = weight.reshape({count, size, -1});
    return rescaled(tensors, at::matmul(rotation.transpose(1, 2), rows).view(weight.sizes()));
  };
}

// ---- BOFT ----

bool is_boft(const AdapterTensors& tensors) {
  return tensors.has("oft_blocks") && tensors.by_role.at("oft_blocks").dim() == 4;
}

WeightChange boft(const AdapterTensors& tensors, double) {
  const at::Tensor blocks = tensors.by_role.at("oft_blocks");
  require(blocks.size(2) == blocks.size(3) && blocks.size(2) > 0 && blocks.size(2) % 2 == 0,
      "its blocks are not square and of even size");
  static_cast<void>(tensors.number("alpha"));
  return [tensors](const at::Tensor& weight, double strength) {
    const at::Tensor blocks = tensors.get("oft_blocks");
    const std::int64_t stages = blocks.size(0), count = blocks.size(1), size = blocks.size(2);
    const std::int64_t outputs = weight.size(0);
    require(outputs == count * size, "its blocks are not as many as the outputs");
    const at::Tensor rotation = weakened(rotations(blocks, bound_of(tensors, outputs)), strength);
    at::Tensor rows = weight.reshape({outputs, -1});
    for (std::int64_t stage = 0; stage < stages; ++stage) {
      // Each stage pairs outputs that lie twice as far apart.
      const std::int64_t apart = (size / 2) << stage;
      require(outputs % (2 * apart) == 0, "it has more stages than its blocks allow");
      const at::Tensor paired = rows.reshape({-1, 2, apart, rows.size(1)}).transpose(1, 2).reshape({count, size, -1});
      const at::Tensor turned = at::matmul(rotation[stage], paired);
      rows = turned.reshape({-1, apart, 2, rows.size(1)}).transpose(1, 2).reshape({outputs, -1});
    }
    return rescaled(tensors, rows.view(weight.sizes()));
  };
}

// ---- peft's OFT, of which a file holds the upper triangles of the skew matrices ----

/// How peft makes rotations unless it is told otherwise, which stands in no file of weights: the Cayley transform as a
/// Neumann series, 1 + 2 Q + 2 Q^2 + 2 Q^3 + Q^4.
at::Tensor neumann_rotations(const at::Tensor& skew) {
  const at::Tensor second = at::matmul(skew, skew), third = at::matmul(second, skew);
  return identity(skew.size(-1)) + 2 * (skew + second + third) + at::matmul(third, skew);
}

at::Tensor skew_of(const at::Tensor& triangles, std::int64_t size) {
  const at::Tensor places = at::triu_indices(size, size, 1);
  at::Tensor upper = at::zeros({triangles.size(0), size * size});
  upper.index_copy_(1, places[0] * size + places[1], triangles);
  upper = upper.view({-1, size, size});
  return upper - upper.transpose(1, 2);
}

bool is_peft_oft(const AdapterTensors& tensors) { return tensors.has("oft_R"); }

WeightChange peft_oft(const AdapterTensors& tensors, double) {
  const at::Tensor triangles = tensors.by_role.at("oft_R");
  require(triangles.dim() == 2 && triangles.size(0) > 0, "its oft_R is no matrix");
  const auto size =
      static_cast<std::int64_t>(std::lrint((1 + std::sqrt(1 + 8.0 * static_cast<double>(triangles.size(1)))) / 2));
  require(size > 1 && size * (size - 1) / 2 == triangles.size(1), "its oft_R holds no triangles");
  return [tensors, size](const at::Tensor& weight, double strength) {
    at::Tensor rotation = neumann_rotations(skew_of(tensors.get("oft_R"), size));
    const at::Tensor columns = weight.flatten(1);
    const bool shared = rotation.size(0) == 1;  // one for all blocks
    require(columns.size(1) % size == 0 && (shared || columns.size(1) == rotation.size(0) * size),
        "its blocks are not as many as the inputs");
    rotation = weakened(rotation, strength);
    const at::Tensor blocks = columns.unflatten(1, {-1, size}).transpose(0, 1);  // [block, out, size]
    return at::matmul(blocks, rotation.transpose(1, 2)).transpose(0, 1).reshape(weight.sizes());
  };
}

}  // namespace

std::span<const AdapterForm> orthogonal_forms() {
  static constexpr std::array kForms{AdapterForm{"OFT", is_oft, oft}, AdapterForm{"BOFT", is_boft, boft},
      AdapterForm{"OFT of peft", is_peft_oft, peft_oft}};
  return kForms;
}

}  // namespace weft::sd
