#include "nodes/sd/reports/model_kind.h"

#include <algorithm>
#include <array>
#include <regex>

namespace weft::sd {
namespace {

struct Sign {
  std::string_view fragment;  ///< of some tensor's name
  ModelKind kind;
};

// The first that is found decides: parts of a checkpoint have the names of their kinds.
constexpr std::array kSigns{
    Sign{"zero_convs.", ModelKind::ControlNet},
    Sign{"controlnet_down_blocks.", ModelKind::ControlNet},
    Sign{"emb_params", ModelKind::Embedding},
    Sign{"string_to_param", ModelKind::Embedding},
    Sign{"lora_up.", ModelKind::Adapter},
    Sign{"lora_A.", ModelKind::Adapter},
    Sign{".lora.up.", ModelKind::Adapter},
    Sign{"_lora.up.", ModelKind::Adapter},
    Sign{"lora_linear_layer.", ModelKind::Adapter},
    Sign{".hada_w1_a", ModelKind::Adapter},
    Sign{".lokr_w", ModelKind::Adapter},
    Sign{".oft_", ModelKind::Adapter},
    Sign{".on_input", ModelKind::Adapter},
    Sign{".a1.weight", ModelKind::Adapter},
    Sign{".w_norm", ModelKind::Adapter},
    Sign{"body.0.rdb1.", ModelKind::Upscaler},
    Sign{"RRDB_trunk.", ModelKind::Upscaler},
    Sign{"model.1.sub.", ModelKind::Upscaler},
};

bool any_contains(const WeightFile& file, std::string_view fragment) {
  return std::ranges::any_of(
      file.entries(), [&](const auto& entry) { return entry.first.find(fragment) != std::string::npos; });
}

bool any_starts(const WeightFile& file, std::string_view prefix) {
  const auto found = file.entries().lower_bound(std::string(prefix));
  return found != file.entries().end() && found->first.starts_with(prefix);
}

/// A few rows of numbers and nothing else.
bool is_embedding(const WeightFile& file) {
  constexpr std::size_t kMost = 4;
  constexpr std::int64_t kNarrowest = 256;
  return !file.entries().empty() && file.entries().size() <= kMost &&
      std::ranges::all_of(file.entries(), [](const auto& entry) {
        const auto& shape = entry.second.shape;
        return !shape.empty() && shape.size() <= 2 && shape.back() >= kNarrowest;
      });
}

/// Real-ESRGAN's compact network: convolutions and PReLUs in turn.
bool is_compact_upscaler(const WeightFile& file) {
  static const std::regex layer(R"((?:params\.|params_ema\.)?body\.\d+\.(?:weight|bias))");
  return !file.entries().empty() &&
      std::ranges::all_of(file.entries(), [](const auto& entry) { return std::regex_match(entry.first, layer); });
}

}  // namespace

std::string_view kind_name(ModelKind kind) {
  static constexpr std::array<std::string_view, 9> kNames{
      "checkpoint", "unet", "vae", "text_encoder", "controlnet", "lora", "embedding", "upscaler", "unknown"};
  return kNames.at(static_cast<std::size_t>(kind));
}

ModelKind kind_of(const WeightFile& file) {
  for (const Sign& sign : kSigns)
    if (any_contains(file, sign.fragment)) return sign.kind;
  if (any_starts(file, "model.diffusion_model.")) {
    const bool more = any_starts(file, "first_stage_model.") || any_starts(file, "cond_stage_model.") ||
        any_starts(file, "conditioner.");
    return more ? ModelKind::Checkpoint : ModelKind::UNet;
  }
  for (const char* prefix : {"input_blocks.", "down_blocks."})
    if (any_starts(file, prefix)) return ModelKind::UNet;
  for (const char* prefix : {"first_stage_model.", "decoder.", "encoder.down"})
    if (any_starts(file, prefix)) return ModelKind::VAE;
  for (const char* prefix : {"text_model.", "encoder.layers.", "transformer.resblocks.", "cond_stage_model."})
    if (any_starts(file, prefix)) return ModelKind::TextEncoder;
  if (is_compact_upscaler(file)) return ModelKind::Upscaler;
  return is_embedding(file) ? ModelKind::Embedding : ModelKind::Unknown;
}

}  // namespace weft::sd
