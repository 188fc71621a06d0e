// One row a class; the inputs in ComfyUI's order. Semantics that differ are in Change.
#include "import/comfyui/classes.h"

#include <algorithm>

namespace weft::comfyui {
namespace {

using enum Change;
using nlohmann::json;

constexpr const char* kOutputsClip[] = {"clip"};
constexpr const char* kOutputsConditioning[] = {"conditioning"};
constexpr const char* kOutputsImage[] = {"image"};
constexpr const char* kOutputsImageMask[] = {"image", "mask"};
constexpr const char* kOutputsLatent[] = {"latent"};
constexpr const char* kOutputsLatentX0[] = {"latent", "x0"};
constexpr const char* kOutputsModel[] = {"model"};
constexpr const char* kOutputsModelClipVae[] = {"model", "clip", "vae"};
constexpr const char* kOutputsPositiveNegativeLatent[] = {"positive", "negative", "latent"};
constexpr const char* kOutputsSampler[] = {"sampler"};
constexpr const char* kOutputsSigmas[] = {"sigmas"};
constexpr const char* kOutputsVae[] = {"vae"};

constexpr Port kCheckpointLoaderSimple[] = {{"ckpt_name", "name", File}};
constexpr Port kVAELoader[] = {{"vae_name", "name", File}};
constexpr Port kUNETLoader[] = {{"unet_name", "name", File}, {"weight_dtype", "", LeaveOut}};
constexpr Port kCLIPTextEncode[] = {{"text", "text"}, {"clip", "clip", Link}};
constexpr Port kCLIPSetLastLayer[] = {{"clip", "clip", Link}, {"stop_at_clip_layer", "skip", ClipLayer}};
constexpr Port kConditioningCombine[] = {{"conditioning_1", "a", Link}, {"conditioning_2", "b", Link}};
constexpr Port kConditioningAverage[] = {
    {"conditioning_to", "a", Link}, {"conditioning_from", "b", Link}, {"conditioning_to_strength", "share_of_a"}};
constexpr Port kConditioningConcat[] = {{"conditioning_to", "first", Link}, {"conditioning_from", "second", Link}};
constexpr Port kConditioningZeroOut[] = {{"conditioning", "conditioning", Link}};
constexpr Port kConditioningSetArea[] = {{"conditioning", "conditioning", Link}, {"width", "width"},
    {"height", "height"}, {"x", "x"}, {"y", "y"}, {"strength", "strength"}};
constexpr Port kConditioningSetAreaPercentage[] = {{"conditioning", "conditioning", Link}, {"width", "width"},
    {"height", "height"}, {"x", "x"}, {"y", "y"}, {"strength", "strength"}};
constexpr Port kConditioningSetMask[] = {{"conditioning", "conditioning", Link}, {"mask", "mask", Link},
    {"strength", "strength"}, {"set_cond_area", "area", MaskArea}};
constexpr Port kConditioningSetTimestepRange[] = {
    {"conditioning", "conditioning", Link}, {"start", "start"}, {"end", "end"}};
constexpr Port kInpaintModelConditioning[] = {{"positive", "positive", Link}, {"negative", "negative", Link},
    {"vae", "vae", Link}, {"pixels", "image", Link}, {"mask", "mask", Link}, {"noise_mask", "keep_outside"}};
constexpr Port kEmptyLatentImage[] = {{"width", "width"}, {"height", "height"}, {"batch_size", "batch"}};
constexpr Port kLatentUpscale[] = {{"samples", "latent", Link}, {"upscale_method", "method"}, {"width", "width"},
    {"height", "height"}, {"crop", "crop", Crop}};
constexpr Port kRepeatLatentBatch[] = {{"samples", "latent", Link}, {"amount", "times"}};
constexpr Port kSetLatentNoiseMask[] = {{"samples", "latent", Link}, {"mask", "mask", Link}};
constexpr Port kVAEDecode[] = {{"samples", "latent", Link}, {"vae", "vae", Link}};
constexpr Port kVAEDecodeTiled[] = {{"samples", "latent", Link}, {"vae", "vae", Link}, {"tile_size", "tile"},
    {"overlap", "overlap"}, {"temporal_size", "", LeaveOut}, {"temporal_overlap", "", LeaveOut}};
constexpr Port kVAEEncode[] = {{"pixels", "image", Link}, {"vae", "vae", Link}};
constexpr Port kVAEEncodeTiled[] = {{"pixels", "image", Link}, {"vae", "vae", Link}, {"tile_size", "tile"},
    {"overlap", "overlap"}, {"temporal_size", "", LeaveOut}, {"temporal_overlap", "", LeaveOut}};
constexpr Port kVAEEncodeForInpaint[] = {
    {"pixels", "image", Link}, {"vae", "vae", Link}, {"mask", "mask", Link}, {"grow_mask_by", "grow"}};
constexpr Port kKSampler[] = {{"model", "model", Link}, {"seed", "seed", Seed}, {"steps", "steps"}, {"cfg", "cfg"},
    {"sampler_name", "sampler"}, {"scheduler", "schedule"}, {"positive", "positive", Link},
    {"negative", "negative", Link}, {"latent_image", "latent", Link}, {"denoise", "denoise"}};
constexpr Port kKSamplerAdvanced[] = {{"model", "model", Link}, {"add_noise", "add_noise", Enable},
    {"noise_seed", "seed", Seed}, {"steps", "steps"}, {"cfg", "cfg"}, {"sampler_name", "sampler"},
    {"scheduler", "schedule"}, {"positive", "positive", Link}, {"negative", "negative", Link},
    {"latent_image", "latent", Link}, {"start_at_step", "start_step"}, {"end_at_step", "end_step"},
    {"return_with_leftover_noise", "leave_noise", Enable}};
constexpr Port kSamplerCustom[] = {{"model", "model", Link}, {"add_noise", "add_noise"}, {"noise_seed", "seed", Seed},
    {"cfg", "cfg"}, {"positive", "positive", Link}, {"negative", "negative", Link}, {"sampler", "sampler", Link},
    {"sigmas", "sigmas", Link}, {"latent_image", "latent", Link}};
constexpr Port kKSamplerSelect[] = {{"sampler_name", "name"}};
constexpr Port kBasicScheduler[] = {
    {"model", "model", Link}, {"scheduler", "schedule"}, {"steps", "steps"}, {"denoise", "denoise"}};
constexpr Port kLoadImage[] = {{"image", "file", File}};
constexpr Port kImageScale[] = {{"image", "image", Link}, {"upscale_method", "method"}, {"width", "width"},
    {"height", "height"}, {"crop", "crop", Crop}};
constexpr Port kImageScaleBy[] = {{"image", "image", Link}, {"upscale_method", "method"}, {"scale_by", "factor"}};
constexpr Port kSaveImage[] = {{"images", "image", Link}, {"filename_prefix", "prefix"}};
constexpr Port kPreviewImage[] = {{"images", "image", Link}};

constexpr Class kClasses[] = {
    {"CheckpointLoaderSimple", "checkpoint.load", kCheckpointLoaderSimple, kOutputsModelClipVae},
    {"VAELoader", "vae.load", kVAELoader, kOutputsVae},
    {"UNETLoader", "unet.load", kUNETLoader, kOutputsModel},
    {"CLIPTextEncode", "text.encode", kCLIPTextEncode, kOutputsConditioning},
    {"CLIPSetLastLayer", "text.clip_skip", kCLIPSetLastLayer, kOutputsClip},
    {"ConditioningCombine", "conditioning.combine", kConditioningCombine, kOutputsConditioning},
    {"ConditioningAverage", "conditioning.average", kConditioningAverage, kOutputsConditioning},
    {"ConditioningConcat", "conditioning.concat", kConditioningConcat, kOutputsConditioning},
    {"ConditioningZeroOut", "conditioning.zero_out", kConditioningZeroOut, kOutputsConditioning},
    {"ConditioningSetArea", "conditioning.set_area", kConditioningSetArea, kOutputsConditioning},
    {"ConditioningSetAreaPercentage", "conditioning.set_area_percent", kConditioningSetAreaPercentage,
        kOutputsConditioning},
    {"ConditioningSetMask", "conditioning.set_mask", kConditioningSetMask, kOutputsConditioning},
    {"ConditioningSetTimestepRange", "conditioning.set_timestep_range", kConditioningSetTimestepRange,
        kOutputsConditioning},
    {"InpaintModelConditioning", "conditioning.inpaint", kInpaintModelConditioning, kOutputsPositiveNegativeLatent},
    {"EmptyLatentImage", "latent.empty", kEmptyLatentImage, kOutputsLatent},
    {"LatentUpscale", "latent.resize", kLatentUpscale, kOutputsLatent},
    {"RepeatLatentBatch", "latent.repeat", kRepeatLatentBatch, kOutputsLatent},
    {"SetLatentNoiseMask", "latent.set_mask", kSetLatentNoiseMask, kOutputsLatent},
    {"VAEDecode", "vae.decode", kVAEDecode, kOutputsImage},
    {"VAEDecodeTiled", "vae.decode_tiled", kVAEDecodeTiled, kOutputsImage},
    {"VAEEncode", "vae.encode", kVAEEncode, kOutputsLatent},
    {"VAEEncodeTiled", "vae.encode_tiled", kVAEEncodeTiled, kOutputsLatent},
    {"VAEEncodeForInpaint", "vae.encode_inpaint", kVAEEncodeForInpaint, kOutputsLatent},
    {"KSampler", "sample.ksampler", kKSampler, kOutputsLatent},
    {"KSamplerAdvanced", "sample.ksampler_advanced", kKSamplerAdvanced, kOutputsLatent},
    {"SamplerCustom", "sample.custom", kSamplerCustom, kOutputsLatentX0},
    {"KSamplerSelect", "sample.sampler", kKSamplerSelect, kOutputsSampler},
    {"BasicScheduler", "sample.schedule", kBasicScheduler, kOutputsSigmas},
    {"LoadImage", "image.load", kLoadImage, kOutputsImageMask},
    {"ImageScale", "image.resize", kImageScale, kOutputsImage},
    {"ImageScaleBy", "image.resize_by", kImageScaleBy, kOutputsImage},
    {"SaveImage", "image.save", kSaveImage, {}, "images"},
    {"PreviewImage", "image.preview", kPreviewImage, {}, "images"},
};

std::string file_name(std::string name) {
  for (const std::string_view folder : {" [input]", " [output]", " [temp]"})
    if (name.ends_with(folder)) name.resize(name.size() - folder.size());
  std::ranges::replace(name, '\\', '/');
  return name;
}

}  // namespace

const Class* find_class(std::string_view name) {
  const auto* found =
      std::ranges::find(kClasses, name, [](const Class& each) { return std::string_view(each.theirs); });
  return found == std::end(kClasses) ? nullptr : found;
}

std::vector<std::string_view> class_names(std::string_view node_type) {
  std::vector<std::string_view> names;
  for (const Class& each : kClasses)
    if (node_type == each.ours) names.push_back(each.theirs);
  return names;
}

std::string own_type(std::string_view theirs) {
  if (theirs == "*") return "any";
  if (theirs == "BOOLEAN") return "bool";
  if (theirs == "COMBO") return "string";
  std::string type(theirs);
  std::ranges::transform(
      type, type.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

json changed(const json& value, Change change) {
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  switch (change) {
    case Enable:
      return value.is_string() ? json(text == "enable") : value;
    case ClipLayer:
      return value.is_number_integer() && value < 0 && value > -1000 ? json(-value.get<std::int64_t>()) : value;
    case File:
      return value.is_string() ? json(file_name(text)) : value;
    case Crop:
      return text == "disabled" ? json("none") : value;
    case MaskArea:
      return text == "default" ? json("whole picture") : value;
    default:
      return value;
  }
}

}  // namespace weft::comfyui
