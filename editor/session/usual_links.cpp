#include "editor/session/usual_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::editor {
namespace {

struct Row {
  std::string_view type;  ///< begins so; empty: any
  std::string_view value;
  std::array<std::string_view, 6> others;  ///< the most usual first
};

// The first row that fits counts.
constexpr Row kFromOutputs[] = {
    {"", "model",
        {"sample.ksampler", "sample.ksampler_advanced", "sample.schedule", "sample.custom", "unet.step",
            "unet.attention"}},
    {"", "clip", {"text.encode", "text.clip_skip", "unet.attention"}},
    {"", "vae",
        {"vae.decode", "vae.encode", "conditioning.inpaint", "latent.empty", "vae.encode_inpaint", "vae.decode_tiled"}},
    {"", "conditioning",
        {"sample.ksampler", "conditioning.inpaint", "conditioning.combine", "sample.ksampler_advanced", "unet.step",
            "conditioning.segmentation_map"}},
    {"sample.", "latent",
        {"vae.decode", "latent.resize", "sample.ksampler", "unet.attention", "unet.step", "vae.decode_tiled"}},
    {"unet.", "latent", {"unet.step", "vae.decode", "latent.to_image", "latent.batch"}},
    {"latent.diffuse", "latent", {"vae.decode", "latent.to_image"}},
    {"latent.batch", "latent", {"vae.decode", "latent.to_image"}},
    {"latent.add_noise", "latent", {"unet.step", "unet.attention", "sample.ksampler_advanced"}},
    {"", "latent",
        {"sample.ksampler", "latent.set_mask", "sample.ksampler_advanced", "latent.add_noise", "latent.diffuse",
            "vae.decode"}},
    {"image.load", "image",
        {"vae.encode", "image.resize", "conditioning.inpaint", "mask.draw", "image.composite", "image.diffuse"}},
    {"", "image", {"image.save", "image.preview", "image.resize_by", "image.composite", "vae.encode", "image.grid"}},
    {"", "mask",
        {"conditioning.inpaint", "latent.set_mask", "mask.feather", "mask.grow", "image.composite", "mask.to_image"}},
    {"", "sigmas", {"sample.custom", "latent.add_noise", "unet.step", "unet.attention"}},
    {"", "sampler", {"sample.custom"}},
    {"", "label_encoder", {"conditioning.label"}},
    {"", "segmentation_map", {"conditioning.segmentation_map", "segmentation.to_image"}},
};

constexpr Row kIntoInputs[] = {
    {"", "model", {"checkpoint.load", "unet.load"}},
    {"", "clip", {"checkpoint.load", "text.clip_skip"}},
    {"", "vae", {"checkpoint.load", "vae.load"}},
    {"", "conditioning",
        {"text.encode", "conditioning.label", "conditioning.inpaint", "conditioning.combine",
            "conditioning.segmentation_map"}},
    {"sample.", "latent", {"latent.empty", "vae.encode", "conditioning.inpaint", "latent.resize"}},
    {"latent.add_noise", "latent", {"latent.empty", "vae.encode"}},
    {"latent.diffuse", "latent", {"vae.encode"}},
    {"latent.channels", "latent", {"vae.encode", "sample.ksampler"}},
    {"unet.", "latent", {"unet.step", "sample.ksampler_advanced", "latent.add_noise"}},
    {"", "latent", {"sample.ksampler", "latent.empty", "vae.encode", "unet.step", "latent.batch", "latent.diffuse"}},
    {"image.save", "image", {"vae.decode", "image.grid", "image.strip", "image.composite"}},
    {"image.preview", "image", {"vae.decode", "image.grid", "image.strip"}},
    {"", "image", {"image.load", "vae.decode", "image.resize", "image.resize_by"}},
    {"", "mask", {"mask.draw", "mask.ellipse", "image.load", "mask.feather"}},
    {"", "sigmas", {"sample.schedule"}},
    {"", "sampler", {"sample.sampler"}},
    {"", "label_encoder", {"checkpoint.load"}},
    {"", "segmentation_map", {"segmentation.draw", "segmentation.from_image"}},
    {"image.strip", "string", {"image.diffuse", "latent.diffuse", "image.metrics", "text.load"}},
    {"", "string", {"text.load"}},
};

template <std::size_t N>
std::optional<std::size_t> rank_in(
    const Row (&rows)[N], std::string_view type, std::string_view value_type, std::string_view other) {
  const auto row = std::ranges::find_if(
      rows, [&](const Row& each) { return each.value == value_type && type.starts_with(each.type); });
  if (row == std::end(rows)) return std::nullopt;
  const auto found = std::ranges::find(row->others, other);
  if (found == row->others.end()) return std::nullopt;
  return static_cast<std::size_t>(found - row->others.begin());
}

}  // namespace

std::optional<std::size_t> usual_rank(
    std::string_view type, std::string_view value_type, bool from_output, std::string_view other) {
  if (other.empty()) return std::nullopt;
  return from_output ? rank_in(kFromOutputs, type, value_type, other) : rank_in(kIntoInputs, type, value_type, other);
}

std::string link_usage_key(std::string_view value_type, bool from_output, std::string_view other) {
  return from_output ? fmt::format("{} > {}", value_type, other) : fmt::format("{} < {}", value_type, other);
}

}  // namespace weft::editor
