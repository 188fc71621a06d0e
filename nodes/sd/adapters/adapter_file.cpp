#include "nodes/sd/adapters/adapter_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <regex>
#include <stdexcept>

#include "nodes/sd/adapters/adapter_names.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

/// How a name ends that says a tensor's role, and which tensor of the layer it changes.
struct Ending {
  std::string_view text, role;
  std::string_view leaf = "weight";
};

// The first that matches decides: the longer ones stand first.
constexpr Ending kEndings[] = {
    {".lora_linear_layer.up.weight", "lora_up"},
    {".lora_linear_layer.down.weight", "lora_down"},
    {".lora_magnitude_vector.weight", "peft_magnitude"},
    {".lora_magnitude_vector", "peft_magnitude"},
    {".lora_up.weight", "lora_up"},
    {".lora_down.weight", "lora_down"},
    {".lora_mid.weight", "lora_mid"},
    {".lora_B.weight", "lora_up"},
    {".lora_A.weight", "lora_down"},
    {".lora.up.weight", "lora_up"},
    {".lora.down.weight", "lora_down"},
    {"_lora.up.weight", "lora_up"},
    {"_lora.down.weight", "lora_down"},
    {".alpha", "alpha"},
    {".dora_scale", "dora_scale"},
    {".hada_w1_a", "hada_w1_a"},
    {".hada_w1_b", "hada_w1_b"},
    {".hada_w2_a", "hada_w2_a"},
    {".hada_w2_b", "hada_w2_b"},
    {".hada_t1", "hada_t1"},
    {".hada_t2", "hada_t2"},
    {".lokr_w1_a", "lokr_w1_a"},
    {".lokr_w1_b", "lokr_w1_b"},
    {".lokr_w2_a", "lokr_w2_a"},
    {".lokr_w2_b", "lokr_w2_b"},
    {".lokr_w1", "lokr_w1"},
    {".lokr_w2", "lokr_w2"},
    {".lokr_t1", "lokr_t1"},
    {".lokr_t2", "lokr_t2"},
    {".oft_blocks", "oft_blocks"},
    {".rescale", "rescale"},
    {".oft_R.weight", "oft_R"},
    {".a1.weight", "a1"},
    {".a2.weight", "a2"},
    {".b1.weight", "b1"},
    {".b2.weight", "b2"},
    {".on_input", "on_input"},
    {".diff", "diff"},
    {".diff_b", "diff", "bias"},
    {".w_norm", "diff"},
    {".b_norm", "diff", "bias"},
    {".set_weight", "set_weight"},
};

/// "x.processor.to_q" -> "x.to_q" (diffusers before 0.22), "x.lora_A.default.weight" -> "x.lora_A.weight" (peft with an
/// adapter's name).
std::string of_today(std::string name) {
  static const std::regex adapter(R"(\.(lora_A|lora_B|oft_R|lora_magnitude_vector)\.[A-Za-z_]\w*\.weight$)");
  if (!name.ends_with(".lora_magnitude_vector.weight")) name = std::regex_replace(name, adapter, ".$1.weight");
  constexpr std::string_view kProcessor = ".processor.";
  if (const std::size_t at = name.find(kProcessor); at != name.npos) {
    name.erase(at, kProcessor.size() - 1);
    if (const std::size_t out = name.find(".to_out_lora."); out != name.npos) name.replace(out, 13, ".to_out.0_lora.");
  }
  return name;
}

/// IA3 calls its factors "weight", and is told by what stands beside them.
constexpr Ending kFactors{".weight", "ia3"};

const Ending* ending_of(const std::string& name, const SafetensorsFile& file) {
  const auto* found = std::ranges::find_if(kEndings, [&](const Ending& ending) { return name.ends_with(ending.text); });
  if (found != std::end(kEndings)) return found;
  const bool factors = name.ends_with(kFactors.text) &&
      file.entries().contains(name.substr(0, name.size() - kFactors.text.size()) + ".on_input");
  return factors ? &kFactors : nullptr;
}

/// peft's alpha, which diffusers puts into the metadata: "unet.r", "unet.lora_alpha", "unet.use_rslora" and patterns.
class PeftScales {
 public:
  PeftScales(const std::map<std::string, std::string>& metadata, const std::string& origin) {
    const auto found = metadata.find("lora_adapter_metadata");
    if (found != metadata.end()) said_ = parse_model_json(found->second, origin + ": metadata lora_adapter_metadata");
  }

  /// Of a layer ("unet.down_blocks.0.attentions.0.proj_in"); 1 where nothing is said.
  double of(const std::string& layer) const {
    const std::string part = layer.substr(0, layer.find('.')), name = layer.substr(layer.find('.') + 1);
    const auto rank = number(part, "r", "rank_pattern", name),
               alpha = number(part, "lora_alpha", "alpha_pattern", name);
    if (!rank || !alpha || *rank <= 0) return 1;
    const auto rooted = said_.find(part + ".use_rslora");
    const bool by_root = rooted != said_.end() && rooted->is_boolean() && rooted->get<bool>();
    return *alpha / (by_root ? std::sqrt(*rank) : *rank);
  }

 private:
  std::optional<double> number(
      const std::string& part, const char* key, const char* pattern, const std::string& layer) const {
    if (const auto patterns = said_.find(part + "." + pattern); patterns != said_.end() && patterns->is_object())
      for (const auto& [ending, value] : patterns->items())
        if (value.is_number() && (layer == ending || layer.ends_with("." + ending))) return value.get<double>();
    const auto found = said_.find(part + "." + key);
    return found != said_.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
  }

  nlohmann::json said_ = nlohmann::json::object();
};

}  // namespace

std::shared_ptr<const AdapterFile> AdapterFile::open(const fs::path& path, const Checkpoint& model, Dora dora) {
  std::shared_ptr<AdapterFile> file(new AdapterFile(SafetensorsFile::open(path), file_stamp(path), dora));
  file->path_ = path;
  file->read(model);
  return file;
}

void AdapterFile::read(const Checkpoint& model) {
  const std::string origin = path_.string();
  const AdapterNames names(model);
  const PeftScales scales(file_.metadata(), origin);
  std::map<std::string, AdapterTensors> layers;  // by what they change
  std::map<std::string, bool> known;
  std::size_t adapting = 0;
  for (const auto& [name, entry] : file_.entries()) {
    const std::string today = of_today(name);
    const Ending* ending = ending_of(today, file_);
    if (ending == nullptr) continue;
    ++adapting;
    const std::string theirs = today.substr(0, today.size() - ending->text.size());
    const std::string* layer = names.find(theirs);
    if (layer == nullptr) {
      if (known.emplace(theirs, false).second) unmatched_.push_back(theirs);
      continue;
    }
    if (entry.dtype == at::ScalarType::Undefined)
      throw ModelError(origin, unsupported_type(name, entry.type), "convert it to F16 or F32");
    const bool magnitude = ending->role == "peft_magnitude";  // of outputs, whatever its shape
    AdapterTensors& tensors = layers[*layer + "." + std::string(ending->leaf)];
    tensors.layer = theirs;
    tensors.dora_as_comfyui = dora_ == Dora::AsComfyUI;
    if (magnitude && tensors.dora_as_comfyui) continue;
    const at::Tensor tensor = file_.tensor(name);
    tensors.by_role[magnitude ? "dora_scale" : std::string(ending->role)] = magnitude ? tensor.flatten() : tensor;
  }
  if (adapting == 0)
    throw ModelError(origin,
        "is no LoRA, nor another file that changes a model's weights: it has no tensor lora_up.weight, "
        "lora_B.weight or the like",
        "choose a file of the folder 'loras'");
  const BlocksOfModel blocks(model);
  for (auto& [tensor, tensors] : layers) {
    const AdapterForm* form = form_of(tensors);
    if (form == nullptr)
      throw ModelError(origin, fmt::format("has a layer \"{}\" of which tensors are missing", tensors.layer),
          "download it again; it may also be of a kind that is not supported yet");
    try {
      changes_.emplace(tensor,
          Change{
              tensors.layer, form->change(tensors, scales.of(tensor.substr(0, tensor.rfind('.')))), blocks.of(tensor)});
    } catch (const std::invalid_argument& error) {
      throw ModelError(
          origin, fmt::format("layer \"{}\" ({}): {}", tensors.layer, form->name, error.what()), "download it again");
    }
  }
  if (changes_.empty())
    throw ModelError(origin,
        fmt::format("changes {} layers, such as \"{}\", and none of them is in a {} model", unmatched_.size(),
            unmatched_.front(), model.family().name),
        "use one that was made for this kind of model");
}

std::size_t AdapterFile::changed_in_unet() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(changes_, [](const auto& change) { return change.first.starts_with("unet."); }));
}

Patch AdapterFile::patch(
    std::shared_ptr<const AdapterFile> file, double strength, std::optional<BlockStrengths> blocks) {
  Patch patch{.key = fmt::format("adapter {} {} {}{}{}", file->path_.string(), file->stamp_, strength,
                  file->dora_ == Dora::AsComfyUI ? " comfyui" : "", blocks ? " blocks " + blocks->text() : "")};
  patch.changes = [file, strength](const std::string& name) { return strength != 0 && file->changes_.contains(name); };
  patch.weight = [file = std::move(file), strength, blocks = std::move(blocks)](
                     const std::string& name, const at::Tensor& base) {
    const auto found = file->changes_.find(name);
    if (found == file->changes_.end()) return base;
    const double here = blocks ? strength * blocks->of(found->second.block) : strength;
    if (here == 0) return base;
    try {
      return found->second.change(base, here);
    } catch (const std::invalid_argument& error) {
      throw ModelError(file->path_.string(), fmt::format("layer \"{}\": {}", found->second.layer, error.what()),
          "it is of another model, or damaged");
    }
  };
  return patch;
}

}  // namespace weft::sd
