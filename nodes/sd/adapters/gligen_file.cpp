#include "nodes/sd/adapters/gligen_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "nodes/sd/families/inspection.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

constexpr const char* kRemedy = "use a GLIGEN text box model for Stable Diffusion 1 or 2";
constexpr const char* kFuser = ".fuser.";

/// A place of CompVis' names in diffusers'; "" for one that it has not. `per_level`: steps down in a level.
std::string today(const std::string& place, std::int64_t per_level) {
  static const std::regex numbered(
      R"((?:.*\.)?(input|middle|output)_blocks?\.(\d+)(?:\.1)?\.(transformer_blocks\.\d+))");
  std::smatch parts;
  if (!std::regex_match(place, parts, numbered)) return "";
  const std::int64_t number = std::stoll(parts[2].str());
  const std::string block = parts[3].str();
  if (parts[1] == "middle") return "mid_block.attentions.0." + block;
  if (parts[1] == "output")
    return fmt::format("up_blocks.{}.attentions.{}.{}", number / per_level, number % per_level, block);
  return fmt::format("down_blocks.{}.attentions.{}.{}", (number - 1) / per_level, (number - 1) % per_level, block);
}

/// The patch of an entry, with what it was made of.
struct BoxPatch : Patch {
  std::shared_ptr<const GligenFile> file;
  std::vector<GligenBox> boxes;
};
constexpr const char* kBoxes = "gligen:";  // how the keys of these begin, and of no other

const BoxPatch* boxes_of(const std::shared_ptr<const Patch>& patch) {
  return patch->key.starts_with(kBoxes) ? static_cast<const BoxPatch*>(patch.get()) : nullptr;
}

}  // namespace

std::shared_ptr<const GligenFile> GligenFile::open(const std::filesystem::path& path) {
  const std::shared_ptr<GligenFile> opened(new GligenFile(path, SafetensorsFile::open(path)));
  opened->read();
  return opened;
}

void GligenFile::read() {
  const std::string origin = path_.string();
  const auto has_block = [&](std::int64_t number) {
    const std::string wanted = fmt::format("input_blocks.{}.", number);
    return std::ranges::any_of(file_.entries(), [&](const auto& entry) {
      return entry.first.find(wanted) != std::string::npos && entry.first.find(kFuser) != std::string::npos;
    });
  };
  std::int64_t per_level = 1;  // the first step down without attention halves the picture
  while (has_block(per_level)) ++per_level;
  for (const auto& [name, entry] : file_.entries()) {
    if (const auto at = name.find("position_net."); at != std::string::npos) {
      tensors_[name.substr(at)] = file_.tensor(name);
      continue;
    }
    const auto at = name.find(kFuser);
    if (at == std::string::npos) continue;
    std::string place = today(name.substr(0, at), per_level);
    if (place.empty()) place = name.substr(0, at);
    tensors_[place + name.substr(at)] = file_.tensor(name);
    if (name.ends_with(".fuser.linear.weight")) {
      config_.widths[place] = file_.tensor(name).size(0);
      config_.token_width = file_.tensor(name).size(1);
    }
  }
  const auto phrase = tensors_.find("position_net.null_positive_feature");
  if (config_.widths.empty() || phrase == tensors_.end())
    throw ModelError(origin, "is no GLIGEN text box model", kRemedy);
  config_.text_width = phrase->second.numel();
  static_cast<void>(inspect<Gligen>(tensors_, config_, origin));
}

std::shared_ptr<const Gligen> GligenFile::on(at::Device device, at::ScalarType dtype) const {
  const std::lock_guard lock(mutex_);
  auto& network = networks_[fmt::format("{} {}", device.str(), at::toString(dtype))];
  if (!network)
    network = std::make_shared<const Gligen>(
        config_, Weights(std::make_shared<TensorMapSource>(tensors_, path_.string(), dtype, device)));
  return network;
}

Patches GligenFile::with_box(
    const std::shared_ptr<const GligenFile>& file, const Patches& before, const GligenBox& box) {
  const auto patch = std::make_shared<BoxPatch>();
  patch->file = file;
  Patches patches;
  for (const auto& other : before) {
    if (const BoxPatch* boxes = boxes_of(other))
      patch->boxes = boxes->boxes;
    else
      patches.push_back(other);
  }
  patch->boxes.push_back(box);
  patch->key = fmt::format("{}{}", kBoxes, file->path_.string());
  for (const GligenBox& each : patch->boxes)
    patch->key += fmt::format(" {} {} {} {} {}", each.x, each.y, each.width, each.height,
        each.phrase.defined() ? each.phrase.sum().item<double>() : 0);
  patch->between = [file, boxes = patch->boxes](const TransformerPlace& place, const at::Tensor& x) {
    const auto network = file->on(x.device(), x.scalar_type());
    const at::Tensor tokens = network->tokens(boxes, place.whole.x.size(2), place.whole.x.size(3));
    return network->fused(place.name, x, tokens);
  };
  patches.push_back(patch);
  return patches;
}

}  // namespace weft::sd
