#include "nodes/sd/families/ldm_names.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

namespace weft::sd {
namespace {

// `from` is matched segment by segment: # is a number, @ any one segment, * the rest.
// In `to`: {level} and {layer} come from a U-Net block's number, {0} and {1} are the numbers, {half} is half
// the first and {norm} its layer norm's name, {flip} is the level counted from the deepest, @ and * stand for
// what they matched.
struct Rule {
  std::string_view from, to;
};

constexpr Rule kUNetPlaces[] = {
    {"time_embed.0.*", "time_embedding.linear_1.*"},
    {"time_embed.2.*", "time_embedding.linear_2.*"},
    {"input_blocks.0.0.*", "conv_in.*"},
    {"input_blocks.#.0.op.*", "down_blocks.{level}.downsamplers.0.conv.*"},
    {"input_blocks.#.0.*", "down_blocks.{level}.resnets.{layer}.*"},
    {"input_blocks.#.1.*", "down_blocks.{level}.attentions.{layer}.*"},
    {"middle_block.0.*", "mid_block.resnets.0.*"},
    {"middle_block.1.*", "mid_block.attentions.0.*"},
    {"middle_block.2.*", "mid_block.resnets.1.*"},
    {"output_blocks.#.0.*", "up_blocks.{level}.resnets.{layer}.*"},
    {"output_blocks.#.1.conv.*", "up_blocks.{level}.upsamplers.0.conv.*"},
    {"output_blocks.#.2.conv.*", "up_blocks.{level}.upsamplers.0.conv.*"},
    {"output_blocks.#.1.*", "up_blocks.{level}.attentions.{layer}.*"},
    {"out.0.*", "conv_norm_out.*"},
    {"out.2.*", "conv_out.*"},
};

constexpr Rule kVAEPlaces[] = {
    {"encoder.down.#.block.#.*", "encoder.down_blocks.{0}.resnets.{1}.*"},
    {"encoder.down.#.downsample.conv.*", "encoder.down_blocks.{0}.downsamplers.0.conv.*"},
    {"decoder.up.#.block.#.*", "decoder.up_blocks.{flip}.resnets.{1}.*"},
    {"decoder.up.#.upsample.conv.*", "decoder.up_blocks.{flip}.upsamplers.0.conv.*"},
    {"@.mid.block_1.*", "@.mid_block.resnets.0.*"},
    {"@.mid.block_2.*", "@.mid_block.resnets.1.*"},
    {"@.mid.attn_1.*", "@.mid_block.attentions.0.*"},
    {"encoder.down.#.attn.#.*", "encoder.down_blocks.{0}.attentions.{1}.*"},
    {"decoder.up.#.attn.#.*", "decoder.up_blocks.{flip}.attentions.{1}.*"},
    {"quantize.*", "quantize.*"},
    {"@.norm_out.*", "@.conv_norm_out.*"},
    {"@.conv_in.*", "@.conv_in.*"},
    {"@.conv_out.*", "@.conv_out.*"},
    {"quant_conv.*", "quant_conv.*"},
    {"post_quant_conv.*", "post_quant_conv.*"},
};

// The text transformer of latent diffusion's own models: attention and feed-forward alternate.
constexpr Rule kBertPlaces[] = {
    {"token_emb.*", "text_model.embeddings.token_embedding.*"},
    {"pos_emb.emb.*", "text_model.embeddings.position_embedding.*"},
    {"attn_layers.layers.#.0.*", "text_model.encoder.layers.{half}.{norm}.*"},
    {"attn_layers.layers.#.1.to_q.*", "text_model.encoder.layers.{half}.self_attn.q_proj.*"},
    {"attn_layers.layers.#.1.to_k.*", "text_model.encoder.layers.{half}.self_attn.k_proj.*"},
    {"attn_layers.layers.#.1.to_v.*", "text_model.encoder.layers.{half}.self_attn.v_proj.*"},
    {"attn_layers.layers.#.1.to_out.*", "text_model.encoder.layers.{half}.self_attn.out_proj.*"},
    {"attn_layers.layers.#.1.net.0.0.*", "text_model.encoder.layers.{half}.mlp.fc1.*"},
    {"attn_layers.layers.#.1.net.2.*", "text_model.encoder.layers.{half}.mlp.fc2.*"},
    {"norm.*", "text_model.final_layer_norm.*"},
};

// Names inside a residual block or a VAE's attention, where the two layouts differ; applied to the rest (*)
// of a name.
constexpr Rule kUNetLeaves[] = {
    {"in_layers.0.*", "norm1.*"},
    {"in_layers.2.*", "conv1.*"},
    {"emb_layers.1.*", "time_emb_proj.*"},
    {"out_layers.0.*", "norm2.*"},
    {"out_layers.3.*", "conv2.*"},
    {"skip_connection.*", "conv_shortcut.*"},
};
constexpr Rule kVAELeaves[] = {
    {"nin_shortcut.*", "conv_shortcut.*"},
    {"norm.*", "group_norm.*"},
    {"q.*", "to_q.*"},
    {"k.*", "to_k.*"},
    {"v.*", "to_v.*"},
    {"proj_out.*", "to_out.0.*"},
};

// diffusers before 0.15 (2023).
constexpr Rule kOldVAEAttention[] = {
    {"@.mid_block.attentions.0.query.*", "@.mid_block.attentions.0.to_q.*"},
    {"@.mid_block.attentions.0.key.*", "@.mid_block.attentions.0.to_k.*"},
    {"@.mid_block.attentions.0.value.*", "@.mid_block.attentions.0.to_v.*"},
    {"@.mid_block.attentions.0.proj_attn.*", "@.mid_block.attentions.0.to_out.0.*"},
};

struct Match {
  std::vector<int64_t> numbers;
  std::string_view any, rest;
};

std::string_view take_segment(std::string_view& text) {
  const size_t dot = std::min(text.find('.'), text.size());
  const std::string_view segment = text.substr(0, dot);
  text.remove_prefix(std::min(dot + 1, text.size()));
  return segment;
}

std::optional<int64_t> number(std::string_view segment) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), value);
  if (error != std::errc() || end != segment.data() + segment.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<Match> match(std::string_view pattern, std::string_view name) {
  Match result;
  while (!pattern.empty()) {
    const std::string_view wanted = take_segment(pattern);
    if (wanted == "*") {
      result.rest = name;
      return name.empty() ? std::nullopt : std::optional(result);
    }
    const std::string_view segment = take_segment(name);
    if (wanted == "#") {
      const auto value = number(segment);
      if (!value) return std::nullopt;
      result.numbers.push_back(*value);
    } else if (wanted == "@") {
      result.any = segment;
    } else if (wanted != segment) {
      return std::nullopt;
    }
  }
  return std::nullopt;  // every pattern ends in *
}

std::string rename_rest(std::string_view rest, std::span<const Rule> leaves) {
  for (const auto& rule : leaves) {
    if (const auto found = match(rule.from, rest)) {
      return std::string(rule.to.substr(0, rule.to.size() - 1)) + std::string(found->rest);
    }
  }
  return std::string(rest);
}

std::string fill_in(const Rule& rule, const Match& found, const LdmShape& shape, std::span<const Rule> leaves) {
  const auto value = [&](std::string_view hole) -> int64_t {
    const int64_t per_level = shape.unet_layers_per_block + 1;
    const int64_t block = found.numbers[0] - (rule.from.starts_with("input_blocks") ? 1 : 0);
    if (hole == "{level}") return block / per_level;
    if (hole == "{layer}") return block % per_level;
    if (hole == "{flip}") return shape.vae_levels - 1 - found.numbers[0];
    if (hole == "{half}") return found.numbers[0] / 2;
    return found.numbers[hole == "{1}" ? 1 : 0];
  };
  std::string result;
  for (std::string_view to = rule.to; !to.empty();) {
    const std::string_view segment = take_segment(to);
    if (!result.empty()) result += '.';
    if (segment == "*") {
      result += rename_rest(found.rest, leaves);
    } else if (segment == "@") {
      result += found.any;
    } else if (segment == "{norm}") {
      result += found.numbers[0] % 2 == 0 ? "layer_norm1" : "layer_norm2";
    } else if (segment.starts_with('{')) {
      result += std::to_string(value(segment));
    } else {
      result += segment;
    }
  }
  return result;
}

std::optional<std::string> rename_by(
    std::span<const Rule> rules, std::string_view name, const LdmShape& shape = {}, std::span<const Rule> leaves = {}) {
  for (const auto& rule : rules) {
    if (const auto found = match(rule.from, name)) return fill_in(rule, *found, shape, leaves);
  }
  return std::nullopt;
}

void move(TensorMap& tensors, const std::string& from, const std::string& to) {
  auto node = tensors.extract(from);
  if (!node) return;
  node.key() = to;
  tensors.insert(std::move(node));
}

// qkv [heads * 3 * width, ...] -> to_q, to_k, to_v [heads * width, ...]. What cannot be split stays, and its
// parts are missed by name.
void split_heads(TensorMap& tensors, const std::string& block, const std::string& end,
    const std::function<int64_t(int64_t channels)>& heads_in) {
  const auto found = tensors.find(block + "qkv" + end);
  if (found == tensors.end()) return;
  const at::Tensor joined = found->second;
  const int64_t channels = joined.size(0) / 3, heads = std::max<int64_t>(1, heads_in(channels));
  if (joined.size(0) % (3 * heads) != 0) return;
  const at::Tensor by_head = joined.reshape({heads, 3, channels / heads, -1});
  constexpr std::array kParts{"to_q", "to_k", "to_v"};
  for (size_t i = 0; i < kParts.size(); ++i) {
    tensors[block + kParts[i] + end] = by_head.select(1, static_cast<int64_t>(i)).reshape({channels, -1});
  }
  tensors.erase(found);
}

std::string with_text_model_prefix(std::string_view name) {
  return (name.starts_with("text_model.") ? "" : "text_model.") + std::string(name);
}

}  // namespace

LdmShape ldm_shape(const std::vector<std::string>& names) {
  LdmShape shape{.unet_layers_per_block = 0, .vae_levels = 0};
  int64_t first_downsampler = 0, last_block = 0;
  for (const auto& name : names) {
    if (const auto found = match("model.diffusion_model.input_blocks.#.0.*", name)) {
      const int64_t block = found->numbers[0];
      last_block = std::max(last_block, block);
      const bool downsampler = found->rest.starts_with("op.");
      if (downsampler && (first_downsampler == 0 || block < first_downsampler)) first_downsampler = block;
    }
    if (const auto found = match("first_stage_model.decoder.up.#.*", name)) {
      shape.vae_levels = std::max(shape.vae_levels, found->numbers[0] + 1);
    }
  }
  shape.unet_layers_per_block = first_downsampler > 0 ? first_downsampler - 1 : last_block;
  return shape;
}

std::optional<CanonicalName> canonical_from_ldm(const std::string& name, const LdmShape& shape) {
  const auto in = [](Part part, const std::optional<std::string>& renamed) {
    return renamed ? std::optional(CanonicalName{part, *renamed}) : std::nullopt;
  };
  if (const auto found = match("model.diffusion_model.*", name)) {
    return in(Part::kUNet, rename_by(kUNetPlaces, found->rest, shape, kUNetLeaves));
  }
  if (const auto found = match("first_stage_model.*", name)) {
    return in(Part::kVAE, rename_by(kVAEPlaces, found->rest, shape, kVAELeaves));
  }
  if (const auto found = match("cond_stage_model.transformer.*", name)) {
    if (found->rest.starts_with("to_logits.")) return std::nullopt;  // what it was trained to say, not to be heard
    const auto bert = rename_by(kBertPlaces, found->rest);
    return CanonicalName{Part::kTextEncoder, bert ? *bert : with_text_model_prefix(found->rest)};
  }
  if (name == "cond_stage_model.embedding.weight") return CanonicalName{Part::kLabelEncoder, "embedding.weight"};
  if (name == "cond_stage_model.channel_mapper.weight") {
    return CanonicalName{Part::kSpatialRescaler, "channel_mapper.weight"};
  }
  return std::nullopt;
}

std::string canonical_from_diffusers(Part part, const std::string& name) {
  if (part == Part::kTextEncoder) return with_text_model_prefix(name);
  if (part == Part::kVAE) {
    if (const auto renamed = rename_by(kOldVAEAttention, name)) return *renamed;
  }
  return name;
}

void split_pixel_attention(TensorMap& unet, const std::function<int64_t(int64_t channels)>& heads_in) {
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
