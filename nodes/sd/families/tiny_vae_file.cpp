#include "nodes/sd/families/tiny_vae_file.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "nodes/sd/families/family.h"

namespace weft::sd {

extern const Family kStableDiffusionXL;

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEncoder = "encoder.layers.", kDecoder = "decoder.layers.";
constexpr std::string_view kBothEncoder = "taesd_encoder.", kBothDecoder = "taesd_decoder.";

bool has(std::span<const std::string> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// "3.conv.0.weight" -> "2.conv.0.weight": the decoder's first layer bounds its input, which is none to diffusers.
std::string one_less(const std::string& name) {
  const std::size_t dot = name.find('.');
  int number = 0;
  for (std::size_t i = 0; i < dot && i < 3; ++i) number = 10 * number + (name[i] - '0');
  return std::to_string(number - 1) + name.substr(dot);
}

bool begins_with_number(const std::string& name) {
  return name.find('.') != name.npos && std::isdigit(static_cast<unsigned char>(name[0])) != 0 &&
      std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(name.find('.')),
          [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

std::optional<TinyVAENames> TinyVAENames::of(std::span<const std::string> names) {
  if (has(names, "encoder.layers.1.conv.0.weight") || has(names, "decoder.layers.2.conv.0.weight"))
    return TinyVAENames(Kind::Diffusers);
  if (has(names, "taesd_encoder.1.conv.0.weight") || has(names, "taesd_decoder.3.conv.0.weight"))
    return TinyVAENames(Kind::Both);
  if (!has(names, "3.conv.0.weight")) return std::nullopt;
  return TinyVAENames(has(names, "1.conv.0.weight") ? Kind::Encoder : Kind::Decoder);
}

std::string TinyVAENames::canonical(const std::string& name) const {
  const bool numbered = begins_with_number(name);
  if (kind_ == Kind::Encoder && numbered) return std::string(kEncoder) + name;
  if (kind_ == Kind::Decoder && numbered) return std::string(kDecoder) + one_less(name);
  if (kind_ != Kind::Both) return name;
  if (name.starts_with(kBothEncoder)) return std::string(kEncoder) + name.substr(kBothEncoder.size());
  if (!name.starts_with(kBothDecoder)) return name;
  const std::string inner = name.substr(kBothDecoder.size());
  return begins_with_number(inner) ? std::string(kDecoder) + one_less(inner) : name;
}

std::optional<fs::path> other_half_of_tiny_vae(const fs::path& path) {
  std::string name = path.filename().string();
  for (const auto& [one, other] : {std::pair("decoder", "encoder"), std::pair("encoder", "decoder")}) {
    const std::size_t at = name.rfind(one);
    if (at == name.npos) continue;
    const fs::path beside = path.parent_path() / name.replace(at, std::string_view(one).size(), other);
    std::error_code none;
    return fs::is_regular_file(beside, none) ? std::optional(beside) : std::nullopt;
  }
  return std::nullopt;
}

LatentSpace tiny_vae_space(const fs::path& path) {
  const fs::path clean = path.has_filename() ? path : path.parent_path();
  std::string name = clean.filename().string();
  if (name.starts_with("diffusion_pytorch_model")) name = clean.parent_path().filename().string();
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  if (name.find("xl") == name.npos) return {};
  return kStableDiffusionXL.usual(ModelShapes(PartTensors())).latents;
}

}  // namespace weft::sd
