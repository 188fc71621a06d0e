#include "nodes/sd/files/quantised.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"

namespace weft::sd {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 2> kScales{".scale_weight", ".weight_scale"};
constexpr std::array<std::string_view, 2> kInputScales{".scale_input", ".input_scale"};
constexpr std::string_view kFormat = ".comfy_quant", kSecondScale = ".weight_scale_2", kWeight = ".weight";
constexpr const char* kMetadata = "_quantization_metadata";

/// The layer, where `name` is LAYER with one of these ends.
template <class Ends>
std::optional<std::string> layer_of(std::string_view name, const Ends& ends) {
  for (const std::string_view end : ends)
    if (name.ends_with(end)) return std::string(name.substr(0, name.size() - end.size()));
  return std::nullopt;
}

[[noreturn]] void refuse_format(const std::string& origin, const std::string& layer, std::string_view format) {
  throw ModelError(origin, fmt::format("layer \"{}\" is quantised as {}, which is not supported", layer, format),
      "use the model in float16, or in fp8 with scales");
}

void require_format(const json& config, const std::string& layer, const std::string& origin) {
  const auto format = config.is_object() ? config.find("format") : config.end();
  if (!config.is_object() || format == config.end() || !format->is_string())
    throw ModelError(origin, fmt::format("does not say how layer \"{}\" is quantised", layer), "download it again");
  const auto name = format->get<std::string>();
  if (name != "float8_e4m3fn" && name != "float8_e5m2") refuse_format(origin, layer, name);
}

std::string text_of(const at::Tensor& bytes) {
  const at::Tensor whole = bytes.contiguous();
  return {reinterpret_cast<const char*>(whole.const_data_ptr<std::uint8_t>()), static_cast<std::size_t>(whole.numel())};
}

/// Readable, of some float, finite, and one value or one an output.
void require_scale(
    const at::Tensor& scale, const at::Tensor& weight, const std::string& layer, const std::string& origin) {
  const bool a_number = !scale.is_meta() && at::isFloatingType(scale.scalar_type());
  const bool an_output_each = scale.dim() == weight.dim() && scale.dim() > 0 && scale.size(0) == weight.size(0) &&
      scale.numel() == scale.size(0);
  if (!a_number || !(scale.numel() == 1 || an_output_each))
    throw ModelError(origin,
        fmt::format("the scale of layer \"{}\" has shape {}, its weight {}", layer, shape_text(scale.sizes()),
            shape_text(weight.sizes())),
        "it must be one number, or one for each output: convert the model again");
  if (!scale.to(at::kFloat).isfinite().all().item<bool>())
    throw ModelError(origin, fmt::format("the scale of layer \"{}\" is not finite", layer), "download it again");
}

/// The names of tensors with one of these ends, by layer.
template <class Ends>
std::map<std::string, std::string> layers_with(const TensorMap& tensors, const Ends& ends) {
  std::map<std::string, std::string> layers;
  for (const auto& [name, tensor] : tensors)
    if (const auto layer = layer_of(name, ends)) layers[*layer] = name;
  return layers;
}

}  // namespace

TensorMap take_scales(TensorMap& tensors, const std::string& origin) {
  for (const auto& [layer, name] : layers_with(tensors, std::array{kSecondScale}))
    refuse_format(origin, layer, "nvfp4");
  const auto formats = layers_with(tensors, std::array{kFormat});
  for (const auto& [layer, name] : formats) {
    const at::Tensor& bytes = tensors.at(name);
    if (bytes.scalar_type() != at::kByte || bytes.is_meta())
      throw ModelError(origin, fmt::format("tensor \"{}\" is no text", name), "download it again");
    require_format(parse_model_json(text_of(bytes), fmt::format("{}: tensor \"{}\"", origin, name)), layer, origin);
    tensors.erase(name);
  }
  for (const auto& [layer, name] : layers_with(tensors, kInputScales)) tensors.erase(name);

  TensorMap scales;
  for (const auto& [layer, name] : layers_with(tensors, kScales)) {
    const auto weight = tensors.find(layer + std::string(kWeight));
    if (weight == tensors.end()) continue;  // of nothing: an unused tensor
    require_scale(tensors.at(name), weight->second, layer, origin);
    scales[weight->first] = tensors.at(name).to(at::kFloat);
    tensors.erase(name);
  }
  for (const auto& [layer, name] : formats) {
    const std::string weight = layer + std::string(kWeight);
    if (tensors.contains(weight) && !scales.contains(weight))
      throw ModelError(origin, fmt::format("layer \"{}\" is quantised and has no scale", layer), "download it again");
  }
  return scales;
}

TensorMap formats_in(const std::map<std::string, std::string>& metadata, const std::string& origin) {
  TensorMap formats;
  const auto found = metadata.find(kMetadata);
  if (found == metadata.end()) return formats;
  const std::string place = fmt::format("{}: metadata {}", origin, kMetadata);
  const json quantisation = parse_model_json(found->second, place);
  const auto layers = quantisation.find("layers");
  if (layers == quantisation.end() || !layers->is_object())
    throw ModelError(place, "has no object \"layers\"", "download it again");
  for (const auto& [layer, config] : layers->items()) {
    const std::string text = config.dump();
    formats[layer] = at::tensor(std::vector<std::uint8_t>(text.begin(), text.end()), at::kByte);
  }
  return formats;
}

std::optional<std::string> format_beside(const std::string& weight) {
  const auto layer = layer_of(weight, std::array{kWeight});
  return layer ? std::optional(*layer + std::string(kFormat)) : std::nullopt;
}

bool marks_scaled_network(const std::string& name) { return name == "scaled_fp8" || name.ends_with(".scaled_fp8"); }

at::Tensor dequantised(const at::Tensor& weight, const TensorMap& scales, const std::string& name) {
  const auto scale = scales.find(name);
  if (scale == scales.end()) return weight;
  const bool one = scale->second.numel() == 1;
  return weight.to(at::kFloat) * (one ? scale->second.reshape({}) : scale->second);
}

}  // namespace weft::sd
