#include "nodes/sd/adapters/hypernetwork.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/safetensors.h"

namespace weft::sd {
namespace {

constexpr const char* kRemedy = "use a hypernetwork of the web UI, converted as docs/models.md says";

bool says(const std::map<std::string, std::string>& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  return found != metadata.end() && (found->second == "true" || found->second == "True" || found->second == "1");
}

}  // namespace

Hypernetwork::Activation Hypernetwork::activation_named(const std::string& name, const std::string& origin) {
  static const std::map<std::string, Activation> kNames{{"", Activation::None}, {"linear", Activation::None},
      {"relu", Activation::ReLU}, {"leakyrelu", Activation::LeakyReLU}, {"elu", Activation::ELU},
      {"swish", Activation::HardSwish}, {"tanh", Activation::Tanh}, {"sigmoid", Activation::Sigmoid},
      {"softsign", Activation::Softsign}, {"mish", Activation::Mish}};
  if (const auto found = kNames.find(name); found != kNames.end()) return found->second;
  throw ModelError(origin, fmt::format("has the activation \"{}\", which is not known", name), kRemedy);
}

std::shared_ptr<const Hypernetwork> Hypernetwork::open(const std::filesystem::path& path) {
  static const std::regex place(R"((\d{1,6})\.([01])\.\D*(\d{1,6})\.(weight|bias))");
  const SafetensorsFile file = SafetensorsFile::open(path);
  const std::string origin = path.string();
  const std::shared_ptr<Hypernetwork> made(new Hypernetwork());
  made->stamp_ = fmt::format("{} {}", origin, file_stamp(path));
  const auto& metadata = file.metadata();
  const auto name = metadata.find("activation_func");
  made->activation_ = activation_named(name == metadata.end() ? "" : name->second, origin);

  std::map<Key, std::map<int, Layer>> found_layers;  // by their numbers, which names sort otherwise
  for (const auto& [tensor, entry] : file.entries()) {
    std::smatch found;
    if (!std::regex_match(tensor, found, place)) continue;
    if (entry.dtype == at::ScalarType::Undefined || !at::isFloatingType(entry.dtype))
      throw ModelError(origin, unsupported_type(tensor, entry.type), "convert it to F16 or F32");
    Layer& layer = found_layers[{std::stoll(found[1]), found[2] == "1"}][std::stoi(found[3])];
    (found[4] == "weight" ? layer.weight : layer.bias) = file.tensor(tensor).to(at::kFloat).clone();
  }
  if (found_layers.empty())
    throw ModelError(origin, "is no hypernetwork: it has no tensor such as \"768.0.linear.0.weight\"", kRemedy);
  for (auto& [key, numbered] : found_layers) {
    const std::int64_t width = key.first;
    std::int64_t now = width;
    Layers& layers = made->networks_[key];
    for (auto& [number, layer] : numbered) {
      const at::Tensor &weight = layer.weight, &bias = layer.bias;
      layer.norm = weight.defined() && weight.dim() == 1;
      const bool fits = weight.defined() && bias.defined() && bias.dim() == 1 && weight.size(0) == bias.size(0) &&
          (layer.norm ? weight.size(0) == now : weight.dim() == 2 && weight.size(1) == now);
      if (!fits)
        throw ModelError(origin, fmt::format("layer {} of width {} does not fit the one before it", number, width),
            "download it again");
      now = weight.size(0);
      layers.push_back(layer);
    }
    if (now != width)
      throw ModelError(origin, fmt::format("the network of width {} gives {}", width, now), "download it again");
    // As it was trained: the last linear layer is activated only where the file says so.
    const auto last = std::find_if(layers.rbegin(), layers.rend(), [](const Layer& layer) { return !layer.norm; });
    for (Layer& layer : layers)
      layer.activated = !layer.norm && (&layer != &*last || says(metadata, "activate_output"));
  }
  return made;
}

std::vector<std::int64_t> Hypernetwork::widths() const {
  std::vector<std::int64_t> result;
  for (const auto& [key, layers] : networks_)
    if (result.empty() || result.back() != key.first) result.push_back(key.first);
  return result;
}

at::Tensor Hypernetwork::activated(const at::Tensor& x) const {
  switch (activation_) {
    case Activation::ReLU:
      return at::relu(x);
    case Activation::LeakyReLU:
      return at::leaky_relu(x);
    case Activation::ELU:
      return at::elu(x);
    case Activation::HardSwish:
      return at::hardswish(x);
    case Activation::Tanh:
      return at::tanh(x);
    case Activation::Sigmoid:
      return at::sigmoid(x);
    case Activation::Softsign:
      return x / (1 + x.abs());
    case Activation::Mish:
      return at::mish(x);
    case Activation::None:
      break;
  }
  return x;
}

at::Tensor Hypernetwork::changed(const at::Tensor& context, double strength, bool values) const {
  const Key key(context.size(-1), values);
  const auto found = networks_.find(key);
  if (found == networks_.end() || strength == 0) return context;
  Layers layers = found->second;
  if (context.scalar_type() != at::kFloat || !context.device().is_cpu()) {
    const std::lock_guard lock(mutex_);
    auto [there, fresh] =
        elsewhere_[fmt::format("{} {}", context.device().str(), c10::toString(context.scalar_type()))].try_emplace(
            key, layers);
    if (fresh)
      for (Layer& layer : there->second) {
        layer.weight = layer.weight.to(context.options());
        layer.bias = layer.bias.to(context.options());
      }
    layers = there->second;
  }
  at::Tensor h = context;
  for (const Layer& layer : layers) {
    h = layer.norm ? at::layer_norm(h, {h.size(-1)}, layer.weight, layer.bias)
                   : at::linear(h, layer.weight, layer.bias);
    if (layer.activated) h = activated(h);
  }
  return context + h * strength;
}

}  // namespace weft::sd
