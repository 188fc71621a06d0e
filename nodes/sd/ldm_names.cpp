#include "nodes/sd/ldm_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <string_view>

namespace weft::sd {
namespace {

// `from` is matched segment by segment: # is a number, @ any one segment, * the rest.
// In `to`: {level} and {layer} come from a U-Net block's number, {0} and {1} are the numbers, {flip} is the
// level counted from the deepest, @ and * stand for what they matched.
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
    {"@.mid.attn_1.norm.*", "@.mid_block.attentions.0.group_norm.*"},
    {"@.mid.attn_1.q.*", "@.mid_block.attentions.0.to_q.*"},
    {"@.mid.attn_1.k.*", "@.mid_block.attentions.0.to_k.*"},
    {"@.mid.attn_1.v.*", "@.mid_block.attentions.0.to_v.*"},
    {"@.mid.attn_1.proj_out.*", "@.mid_block.attentions.0.to_out.0.*"},
    {"@.norm_out.*", "@.conv_norm_out.*"},
    {"@.conv_in.*", "@.conv_in.*"},
    {"@.conv_out.*", "@.conv_out.*"},
    {"quant_conv.*", "quant_conv.*"},
    {"post_quant_conv.*", "post_quant_conv.*"},
};

// Names inside a residual block, where the two layouts differ; applied to the rest (*) of a U-Net or VAE
// name.
constexpr Rule kResnetLeaves[] = {
    {"in_layers.0.*", "norm1.*"},          {"in_layers.2.*", "conv1.*"},
    {"emb_layers.1.*", "time_emb_proj.*"}, {"out_layers.0.*", "norm2.*"},
    {"out_layers.3.*", "conv2.*"},         {"skip_connection.*", "conv_shortcut.*"},
    {"nin_shortcut.*", "conv_shortcut.*"},
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

std::string rename_rest(std::string_view rest) {
  for (const auto& rule : kResnetLeaves) {
    if (const auto found = match(rule.from, rest)) {
      return std::string(rule.to.substr(0, rule.to.size() - 1)) + std::string(found->rest);
    }
  }
  return std::string(rest);
}

std::string fill_in(const Rule& rule, const Match& found, const LdmShape& shape) {
  const auto value = [&](std::string_view hole) -> int64_t {
    const int64_t per_level = shape.unet_layers_per_block + 1;
    const int64_t block = found.numbers[0] - (rule.from.starts_with("input_blocks") ? 1 : 0);
    if (hole == "{level}") return block / per_level;
    if (hole == "{layer}") return block % per_level;
    if (hole == "{flip}") return shape.vae_levels - 1 - found.numbers[0];
    return found.numbers[hole == "{1}" ? 1 : 0];
  };
  std::string result;
  for (std::string_view to = rule.to; !to.empty();) {
    const std::string_view segment = take_segment(to);
    if (!result.empty()) result += '.';
    if (segment == "*") {
      result += rename_rest(found.rest);
    } else if (segment == "@") {
      result += found.any;
    } else if (segment.starts_with('{')) {
      result += std::to_string(value(segment));
    } else {
      result += segment;
    }
  }
  return result;
}

std::optional<std::string> apply(std::span<const Rule> rules, std::string_view name, const LdmShape& shape) {
  for (const auto& rule : rules) {
    if (const auto found = match(rule.from, name)) return fill_in(rule, *found, shape);
  }
  return std::nullopt;
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
    if (const auto found = match("decoder.up.#.*", name)) {
      shape.vae_levels = std::max(shape.vae_levels, found->numbers[0] + 1);
    }
  }
  shape.unet_layers_per_block = first_downsampler > 0 ? first_downsampler - 1 : last_block;
  return shape;
}

std::optional<CanonicalName> canonical_from_ldm(const std::string& name, const LdmShape& shape) {
  if (const auto found = match("model.diffusion_model.*", name)) {
    const auto renamed = apply(kUNetPlaces, found->rest, shape);
    return renamed ? std::optional(CanonicalName{Part::kUNet, *renamed}) : std::nullopt;
  }
  if (const auto found = match("first_stage_model.*", name)) {
    const auto renamed = apply(kVAEPlaces, found->rest, shape);
    return renamed ? std::optional(CanonicalName{Part::kVAE, *renamed}) : std::nullopt;
  }
  if (const auto found = match("cond_stage_model.transformer.*", name)) {
    return CanonicalName{Part::kTextEncoder, with_text_model_prefix(found->rest)};
  }
  return std::nullopt;
}

std::string canonical_from_diffusers(Part part, const std::string& name) {
  if (part == Part::kTextEncoder) return with_text_model_prefix(name);
  if (part == Part::kVAE) {
    if (const auto renamed = apply(kOldVAEAttention, name, {})) return *renamed;
  }
  return name;
}

}  // namespace weft::sd
