#include "nodes/sd/families/upscaler_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>

#include "nodes/sd/families/inspection.h"
#include "nodes/sd/families/upscaler_shapes.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

/// How names begin in checkpoints of a training; of two, the averaged weights count.
std::string wrapper_of(const SafetensorsFile& file) {
  for (const char* wrapper : {"params_ema.", "params-ema.", "params.", "model_state_dict.", "state_dict."})
    if (std::ranges::any_of(file.entries(), [&](const auto& entry) { return entry.first.starts_with(wrapper); }))
      return wrapper;
  return {};
}

/// "conv_first.weight" -> "conv_first"; a name without a dot is itself.
std::string layer_of(const std::string& tensor) { return tensor.substr(0, tensor.rfind('.')); }

/// "model.1.sub.3.RDB2.conv4.0" and "RRDB_trunk.3.RDB2.conv4" -> "body.3.rdb2.conv4", and the like, without the leaf.
class OldNames {
 public:
  explicit OldNames(const std::set<std::string>& layers) {
    static const std::regex outer(R"(model\.(\d+))"), inner(R"(model\.1\.sub\.(\d+))");
    std::set<int> numbers;
    for (const std::string& layer : layers) {
      std::smatch found;
      if (std::regex_match(layer, found, outer)) numbers.insert(std::stoi(found[1]));
      if (std::regex_match(layer, found, inner)) trunk_ = layer;
    }
    numbers_.assign(numbers.begin(), numbers.end());
  }

  std::string today(const std::string& layer) const {
    static const std::regex block(R"((?:model\.1\.sub|RRDB_trunk|body)\.(\d+)\.(?:RDB|rdb)(\d)\.conv(\d|1x1)(?:\.0)?)");
    static const std::regex up(R"((?:upconv|conv_up)(\d))"), outer(R"(model\.(\d+))");
    std::smatch found;
    if (std::regex_match(layer, found, block))
      return fmt::format("body.{}.rdb{}.conv{}", found[1].str(), found[2].str(), found[3].str());
    if (std::regex_match(layer, found, up)) return "conv_up" + found[1].str();
    if (layer == "trunk_conv" || (!trunk_.empty() && layer == trunk_)) return "conv_body";
    if (layer == "HRconv") return "conv_hr";
    if (layer == "conv_first.1") return "conv_first";  // SwinIR behind a pixel unshuffle
    if (!std::regex_match(layer, found, outer) || numbers_.size() < 3) return layer;
    const auto place = std::ranges::find(numbers_, std::stoi(found[1])) - numbers_.begin();
    const auto count = static_cast<std::ptrdiff_t>(numbers_.size());
    if (place == 0) return "conv_first";
    if (place == count - 1) return "conv_last";
    if (place == count - 2) return "conv_hr";
    return fmt::format("conv_up{}", place);
  }

 private:
  std::vector<int> numbers_;  ///< of the outermost layers with weights: first, doublings, fine, last
  std::string trunk_;
};

std::int64_t count(const TensorMap& tensors, const std::string& pattern, std::int64_t from) {
  std::int64_t n = 0;
  while (tensors.contains(fmt::format(fmt::runtime(pattern), n + from))) ++n;
  return n;
}

std::int64_t size(const TensorMap& tensors, const std::string& name, std::int64_t axis) {
  const auto found = tensors.find(name);
  return found == tensors.end() || found->second.dim() != 4 ? 0 : found->second.size(axis);
}

UpscalerConfig dense_config(const TensorMap& tensors, const std::string& origin) {
  const std::int64_t in = size(tensors, "conv_first.weight", 1), out = size(tensors, "conv_last.weight", 0);
  UpscalerConfig config{.image_channels = out,
      .features = size(tensors, "conv_first.weight", 0),
      .growth = size(tensors, "body.0.rdb1.conv1.weight", 0),
      .blocks = count(tensors, "body.{}.rdb1.conv1.weight", 0),
      .doublings = count(tensors, "conv_up{}.weight", 1),
      .plus = tensors.contains("body.0.rdb1.conv1x1.weight")};
  for (const std::int64_t unshuffle : {1, 2, 4})
    if (out > 0 && in == out * unshuffle * unshuffle) config.unshuffle = unshuffle;
  if (out != 3 || in != out * config.unshuffle * config.unshuffle || config.doublings > 4 || config.scale() < 1)
    throw ModelError(origin, fmt::format("takes {} channels and gives {}", in, out), "use one for pictures in colour");
  return config;
}

UpscalerConfig compact_config(const TensorMap& tensors, const std::string& origin) {
  std::int64_t last = 0;
  while (tensors.contains(fmt::format("body.{}.weight", last + 2))) last += 2;
  const std::int64_t out = size(tensors, fmt::format("body.{}.weight", last), 0);
  UpscalerConfig config{.kind = UpscalerConfig::Kind::Compact,
      .image_channels = size(tensors, "body.0.weight", 1),
      .features = size(tensors, "body.0.weight", 0),
      .blocks = last / 2 - 1};
  config.compact_scale = std::lrint(std::sqrt(static_cast<double>(out) / 3));
  if (config.image_channels != 3 || config.blocks < 0 || config.compact_scale < 1 ||
      out != 3 * config.compact_scale * config.compact_scale)
    throw ModelError(origin, fmt::format("takes {} channels and gives {}", config.image_channels, out),
        "use one for pictures in colour");
  return config;
}

}  // namespace

UpscalerFile UpscalerFile::open(const std::filesystem::path& path) {
  UpscalerFile opened(path);
  const std::string origin = path.string(), wrapper = wrapper_of(opened.file_);
  std::set<std::string> layers;
  for (const auto& [name, entry] : opened.file_.entries())
    if (name.starts_with(wrapper)) layers.insert(layer_of(name.substr(wrapper.size())));
  const OldNames names(layers);
  for (const auto& [name, entry] : opened.file_.entries()) {
    if (!name.starts_with(wrapper)) continue;
    if (entry.dtype == at::ScalarType::Undefined || !at::isFloatingType(entry.dtype)) continue;
    const std::string inner = name.substr(wrapper.size()), layer = layer_of(inner);
    opened.tensors_[names.today(layer) + inner.substr(layer.size())] = opened.file_.tensor(name);
  }
  const TensorMap& tensors = opened.tensors_;
  refuse_other_upscalers(tensors, origin);
  if (tensors.contains("body.0.rdb1.conv1.weight")) {
    opened.config_ = dense_config(tensors, origin);
  } else if (tensors.contains("body.0.weight") && tensors.contains("body.1.weight")) {
    opened.config_ = compact_config(tensors, origin);
  } else if (const auto config = upscaler_of_shapes(tensors, origin)) {
    opened.config_ = *config;
  } else {
    throw ModelError(origin, "is no upscaler that is known", kUpscalerRemedy);
  }
  static_cast<void>(inspect<Upscaler>(tensors, opened.config_, origin));
  return opened;
}

NetworkSize UpscalerFile::network() const {
  NetworkSize what{.name = "upscaler " + path_.filename().string()};
  for (const auto& [name, tensor] : tensors_) what.bytes += static_cast<std::uint64_t>(tensor.numel()) * sizeof(float);
  return what;
}

Upscaler UpscalerFile::upscaler(at::Device device) const {
  return Upscaler(config_, Weights(std::make_shared<TensorMapSource>(tensors_, path_.string(), at::kFloat, device)));
}

}  // namespace weft::sd
