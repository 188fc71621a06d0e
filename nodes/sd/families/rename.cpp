#include "nodes/sd/families/rename.h"

#include <algorithm>
#include <charconv>

namespace weft::sd {
namespace {

struct Match {
  std::vector<std::int64_t> numbers;
  std::string_view any, rest;
};

std::string_view take_segment(std::string_view& text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const std::string_view segment = text.substr(0, dot);
  text.remove_prefix(std::min(dot + 1, text.size()));
  return segment;
}

std::optional<std::int64_t> number(std::string_view segment) {
  std::int64_t value = 0;
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
  return name.empty() ? std::optional(result) : std::nullopt;
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
  const auto value = [&](std::string_view hole) -> std::int64_t {
    const std::int64_t per_level = shape.unet_layers_per_block + 1;
    const std::int64_t block = found.numbers[0] - (rule.from.starts_with("input_blocks") ? 1 : 0);
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

/// What a rule's `to` says of a canonical name.
struct Backwards {
  std::optional<std::int64_t> level, layer;
  std::vector<std::int64_t> numbers;
  bool flipped = false;  ///< the first number counts from the deepest level
  std::string_view any, rest;
};

std::optional<Backwards> match_back(std::string_view pattern, std::string_view name) {
  Backwards found;
  while (!pattern.empty()) {
    const std::string_view wanted = take_segment(pattern);
    if (wanted == "*") {
      found.rest = name;
      return name.empty() ? std::nullopt : std::optional(found);
    }
    const std::string_view segment = take_segment(name);
    if (wanted == "@") {
      found.any = segment;
      continue;
    }
    if (!wanted.starts_with('{')) {
      if (wanted != segment) return std::nullopt;
      continue;
    }
    const auto value = number(segment);
    if (!value) return std::nullopt;
    if (wanted == "{level}") {
      found.level = value;
    } else if (wanted == "{layer}") {
      found.layer = value;
    } else if (wanted == "{0}" || wanted == "{1}" || wanted == "{flip}") {
      found.numbers.push_back(*value);
      found.flipped = found.flipped || wanted == "{flip}";
    } else {
      return std::nullopt;
    }
  }
  return name.empty() ? std::optional(found) : std::nullopt;
}

/// `from` with its numbers and its rest filled in.
std::string fill_back(const Rule& rule, Backwards found, std::string_view rest, const LdmShape& shape) {
  if (found.level) {
    const std::int64_t first = rule.from.starts_with("input_blocks") ? 1 : 0, layers = shape.unet_layers_per_block;
    found.numbers = {*found.level * (layers + 1) + found.layer.value_or(layers) + first};
  }
  if (found.flipped) found.numbers[0] = shape.vae_levels - 1 - found.numbers[0];
  std::string result;
  std::size_t next = 0;
  for (std::string_view from = rule.from; !from.empty();) {
    const std::string_view segment = take_segment(from);
    if (!result.empty()) result += '.';
    if (segment == "*") {
      result += rest;
    } else if (segment == "@") {
      result += found.any;
    } else if (segment == "#" && next < found.numbers.size()) {
      result += std::to_string(found.numbers[next++]);
    } else {
      result += segment;
    }
  }
  return result;
}

}  // namespace

LdmShape ldm_shape(const std::vector<std::string>& names) {
  LdmShape shape{.unet_layers_per_block = 0, .vae_levels = 0};
  std::int64_t first_downsampler = 0, last_block = 0;
  for (const auto& name : names) {
    auto found = match("model.diffusion_model.input_blocks.#.0.*", name);
    if (!found) found = match("control_model.input_blocks.#.0.*", name);
    if (found) {
      const std::int64_t block = found->numbers[0];
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

std::optional<std::string> renamed(const PartNames& names, std::string_view name, const LdmShape& shape) {
  if (!name.starts_with(names.prefix)) return std::nullopt;
  name.remove_prefix(names.prefix.size());
  for (const Rule& rule : names.rules) {
    if (const auto found = match(rule.from, name)) return fill_in(rule, *found, shape, names.leaves);
  }
  return std::nullopt;
}

std::vector<std::string> names_before(const PartNames& names, std::string_view canonical, const LdmShape& shape) {
  std::vector<std::string> before;
  const auto add = [&](const Rule& rule, const Backwards& found, std::string_view rest) {
    const std::string name = fill_back(rule, found, rest, shape);
    if (renamed(names, std::string(names.prefix) + name, shape) == canonical) before.push_back(name);
  };
  for (const Rule& rule : names.rules) {
    const auto found = match_back(rule.to, canonical);
    if (!found) continue;
    add(rule, *found, found->rest);
    for (const Rule& leaf : names.leaves)
      if (const auto inner = match_back(leaf.to, found->rest))
        add(rule, *found, std::string(leaf.from.substr(0, leaf.from.size() - 1)) + std::string(inner->rest));
  }
  return before;
}

}  // namespace weft::sd
