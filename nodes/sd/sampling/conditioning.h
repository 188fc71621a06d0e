// What a picture shall be conditioned on: encoded words, and where in the picture and when in sampling they
// count.
//
// ConditioningEntries is a list: all entries that cover a place at a moment are averaged there. These are the
// plain functions behind the conditioning nodes; they copy the (small) list and share its tensors. denoiser.h
// evaluates it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nodes/sd/sampling/control.h"
#include "nodes/sd/sampling/image_prompt.h"

namespace weft::sd {

/// A rectangle of the picture, in pixels. How many latents it is depends on the model that will be asked.
struct PixelArea {
  std::int64_t height = 0, width = 0, y = 0, x = 0;
  bool operator==(const PixelArea&) const = default;
};

/// A rectangle in shares of the picture, 0 to 1.
struct FractionArea {
  double height = 1, width = 1, y = 0, x = 0;
  bool operator==(const FractionArea&) const = default;
};

/// What a model is told of the picture's size (Podell et al. 2023, arXiv:2307.01952, sections 2.2 and 2.3), in pixels: how
/// large it was, where it was cropped, how large it is to be.
struct PictureSize {
  std::int64_t height = 0, width = 0, crop_top = 0, crop_left = 0, target_height = 0, target_width = 0;
  bool operator==(const PictureSize&) const = default;
};

/// A token of a prompt as people read it.
struct PromptToken {
  std::string text;
  double weight = 1;  ///< as "(words:1.2)" says
};

/// One of several prompts that are composed (Liu et al. 2022, arXiv:2206.01714): the positive side is the negative one, moved
/// by weight * (prompt - negative) for each. Entries of one prompt are averaged first. A prompt alone with weight 1 is the usual
/// case; on the negative side the prompts are averaged by their weights.
struct ComposedPart {
  std::int64_t prompt = 0;
  double weight = 1;
  bool operator==(const ComposedPart&) const = default;
};

struct ConditioningEntry {
  at::Tensor context;  ///< [1 or B, tokens, D]: what cross-attention sees
  at::Tensor pooled;  ///< [1, D'], or undefined

  std::variant<std::monostate, PixelArea, FractionArea> area;  ///< none: the whole picture
  double strength = 1;  ///< weight in the average

  at::Tensor mask;  ///< [B or 1, h, w] in [0, 1], any size; a further weight at each place; undefined: none
  double mask_strength = 1;
  bool area_from_mask = false;  ///< evaluate only the rectangle around the mask

  double start_percent = 0, end_percent = 1;  ///< the share of sampling in which the entry counts
  bool range_in_steps =
      false;  ///< that share is one of the steps, from its start up to before its end; else one of the noise

  ComposedPart composed = {};

  /// For models that take more than the noisy latent (inpainting, instruct-pix2pix, segmentation maps):
  at::Tensor concat_latent;  ///< [B or 1, C, h, w], as the VAE gives it (not scaled), or undefined
  at::Tensor concat_mask;  ///< [B or 1, 1, h, w] in [0, 1], 1 where to paint, any size, or undefined
  at::Tensor concat_map;  ///< [B or 1, classes, h, w], the share of each class, any size, or undefined

  /// For models that are told it beside the words (Stable Diffusion XL); not said: of the picture that is sampled.
  std::optional<PictureSize> size = {};
  std::optional<double> aesthetic_score = {};  ///< as above: how beautiful the picture is, 1 to 10

  ImagePrompts image_prompts = {};  ///< for models that are told pictures beside the words

  Controls controls = {};  ///< networks that steer the U-Net by pictures

  Patches patches =
      {};  ///< within the calls that are asked for this entry (GLIGEN); the other side's, where it has none

  std::vector<PromptToken> tokens = {};  ///< what stands at each place of the context; empty: not known
};

using ConditioningEntries = std::vector<ConditioningEntry>;

/// Both count: the entries of `a`, then those of `b`.
ConditioningEntries combine(const ConditioningEntries& a, const ConditioningEntries& b);

/// One prompt after the other on the token axis: every entry of `to` followed by the first of `from`.
ConditioningEntries concat(const ConditioningEntries& to, const ConditioningEntries& from);

/// to * to_strength + from * (1 - to_strength), with the first entry of `from` cut or zero-padded to the
/// length of each of `to`.
ConditioningEntries average(const ConditioningEntries& to, const ConditioningEntries& from, double to_strength);

/// Context and pooled of zeros.
ConditioningEntries zero_out(const ConditioningEntries& conditioning);

/// Context and pooled times a number.
ConditioningEntries multiply(const ConditioningEntries& conditioning, double by);

/// A rectangle in pixels; the model will round it down to latents.
ConditioningEntries set_area(const ConditioningEntries& conditioning, std::int64_t width, std::int64_t height,
    std::int64_t x, std::int64_t y, double strength);

/// A rectangle in shares of the picture.
ConditioningEntries set_area_percentage(
    const ConditioningEntries& conditioning, const FractionArea& area, double strength);

ConditioningEntries set_area_strength(const ConditioningEntries& conditioning, double strength);

/// mask [h, w] or [B, h, w].
ConditioningEntries set_mask(
    const ConditioningEntries& conditioning, const at::Tensor& mask, double strength, bool area_from_mask);

/// 0 is the noisiest moment, 1 the end.
ConditioningEntries set_timestep_range(
    const ConditioningEntries& conditioning, double start_percent, double end_percent);

/// What an inpainting model sees besides the noisy latent.
ConditioningEntries set_concat(
    const ConditioningEntries& conditioning, const at::Tensor& latent, const at::Tensor& mask);

/// What a model for semantic image synthesis sees besides the noisy latent. map [B or 1, classes, h, w].
ConditioningEntries set_concat_map(const ConditioningEntries& conditioning, const at::Tensor& map);

/// One more control, of both sides alike or of one.
ConditioningEntries add_control(const ConditioningEntries& conditioning, std::shared_ptr<const Control> control);

/// What is not of a latent's size (height and width in latents) and will be resized to it, a sentence each; for a
/// warning.
std::vector<std::string> resized_concats(
    const ConditioningEntries& conditioning, std::int64_t height, std::int64_t width);

}  // namespace weft::sd
