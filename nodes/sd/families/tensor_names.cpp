#include "nodes/sd/families/tensor_names.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "nodes/sd/families/family.h"

namespace weft::sd {
namespace {

void move(TensorMap& tensors, const std::string& from, const std::string& to) {
  auto node = tensors.extract(from);
  if (!node) return;
  node.key() = to;
  tensors.insert(std::move(node));
}

// qkv [heads * 3 * width, ...] -> to_q, to_k, to_v [heads * width, ...]. What cannot be split stays, and its
// parts are missed by name.
void split_heads(TensorMap& tensors, const std::string& block, const std::string& end,
    const std::function<std::int64_t(std::int64_t channels)>& heads_in) {
  const auto found = tensors.find(block + "qkv" + end);
  if (found == tensors.end()) return;
  const at::Tensor joined = found->second;
  const std::int64_t channels = joined.size(0) / 3, heads = std::max<std::int64_t>(1, heads_in(channels));
  if (joined.size(0) % (3 * heads) != 0) return;
  const at::Tensor by_head = joined.reshape({heads, 3, channels / heads, -1});
  constexpr std::array kParts{"to_q", "to_k", "to_v"};
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    tensors[block + kParts[i] + end] = by_head.select(1, static_cast<std::int64_t>(i)).reshape({channels, -1});
  }
  tensors.erase(found);
}

}  // namespace

std::optional<CanonicalName> canonical_from_ldm(const std::string& name, const LdmShape& shape) {
  for (const Family* family : families())
    for (const PartNames& names : family->single_file)
      if (auto canonical = renamed(names, name, shape)) return CanonicalName{names.part, std::move(*canonical)};
  return std::nullopt;
}

std::string canonical_from_diffusers(Part part, const std::string& name) {
  for (const Family* family : families())
    for (const PartNames& names : family->diffusers)
      if (names.part == part)
        if (auto canonical = renamed(names, name)) return std::move(*canonical);
  return name;
}

void split_encoder_attention(TensorMap& encoder) {
  constexpr std::string_view kJoined = ".in_proj.";
  constexpr std::array kParts{".q_proj.", ".k_proj.", ".v_proj."};
  std::vector<std::string> joined;
  for (const auto& [name, tensor] : encoder)
    if (name.find(kJoined) != name.npos && tensor.dim() > 0 && tensor.size(0) % 3 == 0) joined.push_back(name);
  for (const std::string& name : joined) {
    const std::size_t at = name.find(kJoined);
    const auto pieces = encoder.at(name).chunk(3, 0);
    for (std::size_t i = 0; i < kParts.size(); ++i)
      encoder[name.substr(0, at) + kParts[i] + name.substr(at + kJoined.size())] = pieces[i];
    encoder.erase(name);
  }
  for (const std::string projection : {"text_projection", "visual_projection"}) {
    const auto transposed = encoder.find(projection + ".transposed");
    if (transposed == encoder.end() || transposed->second.dim() != 2) continue;
    encoder[projection + ".weight"] = transposed->second.t();
    encoder.erase(transposed);
  }
}

bool is_joined(std::string_view name) {
  return name.find(".qkv.") != name.npos || name.find(".in_proj.") != name.npos ||
      name.ends_with("_projection.transposed");
}

void split_pixel_attention(TensorMap& unet, const std::function<std::int64_t(std::int64_t channels)>& heads_in) {
  constexpr std::string_view kJoined = ".qkv.weight";
  std::vector<std::string> blocks;
  for (const auto& [name, tensor] : unet) {
    if (name.ends_with(kJoined)) blocks.push_back(name.substr(0, name.size() - kJoined.size() + 1));
  }
  for (const std::string& block : blocks) {
    for (const std::string end : {".weight", ".bias"}) {
      move(unet, block + "norm" + end, block + "group_norm" + end);
      move(unet, block + "proj_out" + end, block + "to_out.0" + end);
      split_heads(unet, block, end, heads_in);
    }
  }
}

}  // namespace weft::sd
