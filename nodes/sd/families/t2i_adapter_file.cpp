#include "nodes/sd/families/t2i_adapter_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <regex>

#include "nodes/sd/families/inspection.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/weight_files.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

/// An adapter is small: in a folder it is one file.
std::optional<SafetensorsFile> file_of(const fs::path& path) {
  if (!fs::is_directory(path)) return SafetensorsFile::open(path);
  const auto files = weight_files(path, "diffusion_pytorch_model", WholeFile::AfterShards);
  return files.size() == 1 ? std::optional(SafetensorsFile::open(files.front())) : std::nullopt;
}

/// Without "adapter.", which diffusers has.
std::string plain(const std::string& name) { return name.starts_with("adapter.") ? name.substr(8) : name; }

bool is_adapter(const SafetensorsFile& file) {
  return std::ranges::any_of(file.entries(), [](const auto& entry) {
    const std::string name = plain(entry.first);
    return name == "body.0.block1.weight" || name == "body.0.resnets.0.block1.weight" ||
        name == "body.0.body.0.block1.weight";
  });
}

/// "body.1.body.3.block1.weight" of the light one is the fourth block of level 1.
std::string todays(const std::string& name) {
  static const std::regex light(R"(body\.(\d+)\.body\.(\d+)\.(.*))");
  const std::string known = plain(name);
  std::smatch found;
  if (std::regex_match(known, found, light))
    return fmt::format("body.{}.resnets.{}.{}", found[1].str(), found[2].str(), found[3].str());
  return known;
}

/// "body.3.block1.weight" of the full one is the second block of level 1.
std::string todays_full(const std::string& name) {
  static const std::regex layer(R"(body\.(\d+)\.(block[12]|in_conv)\.(weight|bias))");
  std::smatch found;
  if (!std::regex_match(name, found, layer)) return name;
  const int number = std::min(std::stoi(found[1].str().substr(0, 4)), 1000);
  if (found[2] == "in_conv") return fmt::format("body.{}.in_conv.{}", number / 2, found[3].str());
  return fmt::format("body.{}.resnets.{}.{}.{}", number / 2, number % 2, found[2].str(), found[3].str());
}

T2IAdapterConfig config_of(const TensorMap& tensors, const std::string& origin) {
  const auto size = [&](const std::string& name, std::int64_t axis) {
    const auto found = tensors.find(name);
    if (found == tensors.end() || found->second.dim() != 4)
      throw ModelError(origin, fmt::format("tensor \"{}\" of its T2I-Adapter is missing or no convolution's", name),
          "the file is incomplete, or of another model");
    return found->second.size(axis);
  };
  T2IAdapterConfig config;
  config.light = !tensors.contains("conv_in.weight");
  const std::int64_t seen = size(config.light ? "body.0.in_conv.weight" : "conv_in.weight", 1);
  config.xl = !config.light && (seen == 256 || seen == 768);
  config.unshuffle = config.xl ? 16 : 8;
  config.hint_channels = seen / (config.unshuffle * config.unshuffle);
  if (config.hint_channels != 1 && config.hint_channels != 3)
    throw ModelError(
        origin, fmt::format("is a T2I-Adapter that sees {} channels", seen), "1 or 3 colours are supported");
  config.blocks = 0;
  while (tensors.contains(fmt::format("body.0.resnets.{}.block1.weight", config.blocks))) ++config.blocks;
  for (std::size_t i = 0; i < config.channels.size(); ++i)
    config.channels[i] = size(
        config.light ? fmt::format("body.{}.out_conv.weight", i) : fmt::format("body.{}.resnets.0.block2.weight", i),
        0);
  config.kernel = size("body.0.resnets.0.block2.weight", 2);
  return config;
}

}  // namespace

bool T2IAdapterFile::recognises(const fs::path& path) {
  const auto file = file_of(path);
  return file && is_adapter(*file);
}

T2IAdapterFile T2IAdapterFile::open(const fs::path& path) {
  const std::string origin = path.string();
  auto file = file_of(path);
  if (!file || !is_adapter(*file))
    throw ModelError(origin, "is no T2I-Adapter: it has no tensor body.0.*.block1.weight", "choose another file");
  T2IAdapterFile opened(path, std::move(*file));
  const bool old_full = opened.file_.entries().contains("body.0.block1.weight");
  for (const auto& [name, entry] : opened.file_.entries()) {
    if (name.find("down_opt.") != name.npos)
      throw ModelError(origin, "is a T2I-Adapter that halves by convolutions, which is not supported",
          "use one that halves by averages, as the published ones do");
    if (entry.dtype == at::ScalarType::Undefined || !at::isFloatingType(entry.dtype)) continue;
    opened.tensors_[old_full ? todays_full(name) : todays(name)] = opened.file_.tensor(name);
  }
  opened.config_ = config_of(opened.tensors_, origin);
  static_cast<void>(inspect<T2IAdapter>(opened.tensors_, opened.config_, origin));
  return opened;
}

NetworkSize T2IAdapterFile::network(at::ScalarType dtype) const {
  NetworkSize what{.name = "T2I-Adapter " + path_.filename().string()};
  for (const auto& [name, tensor] : tensors_)
    what.bytes += static_cast<std::uint64_t>(tensor.numel()) * c10::elementSize(dtype);
  return what;
}

T2IAdapter T2IAdapterFile::adapter(at::Device device, at::ScalarType dtype) const {
  return T2IAdapter(config_, Weights(std::make_shared<TensorMapSource>(tensors_, path_.string(), dtype, device)));
}

}  // namespace weft::sd
