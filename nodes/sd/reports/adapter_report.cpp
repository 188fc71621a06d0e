#include "nodes/sd/reports/adapter_report.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <optional>
#include <regex>
#include <set>

#include "base/foreign_json.h"

namespace weft::sd {
namespace {

using nlohmann::json;

/// A part of a tensor's name that tells of which form its layer is.
struct FormSign {
  std::string_view fragment, form;
  int rank_axis = -1;  ///< the axis of this tensor that is the rank; -1: it has none
};

constexpr std::array kForms{
    FormSign{".lora_down.", "LoRA", 0},
    FormSign{".lora_A.", "LoRA", 0},
    FormSign{"lora.down.", "LoRA", 0},
    FormSign{".lora_linear_layer.down.", "LoRA", 0},
    FormSign{".hada_w1_b", "LoHa", 0},
    FormSign{".lokr_w2_b", "LoKr", 0},
    FormSign{".lokr_w2", "LoKr"},
    FormSign{".oft_", "OFT"},
    FormSign{".on_input", "IA3"},
    FormSign{".a1.weight", "GLoRA"},
    FormSign{".diff", "difference"},
    FormSign{".w_norm", "norm"},
};

constexpr std::array<std::string_view, 3> kMagnitudes{".dora_scale", ".lora_magnitude_vector", ".magnitude"};

const FormSign* form_of(const std::string& name) {
  const auto* found =
      std::ranges::find_if(kForms, [&](const FormSign& sign) { return name.find(sign.fragment) != std::string::npos; });
  return found == kForms.end() ? nullptr : found;
}

/// Which family's: by how wide the context is that its layers read, and by what only one family has.
std::optional<std::string> family_by_layers(const WeightFile& file) {
  for (const auto& [name, entry] : file.entries()) {
    if (name.find("double_blocks") != std::string::npos || name.find("single_transformer") != std::string::npos)
      return "FLUX";
    if (name.find("joint_blocks") != std::string::npos) return "Stable Diffusion 3";
    if (name.starts_with("lora_te2_") || name.starts_with("text_encoder_2.")) return "Stable Diffusion XL";
  }
  for (const auto& [name, entry] : file.entries()) {
    const bool reads_context =
        name.find("attn2_to_k") != std::string::npos || name.find("attn2.to_k") != std::string::npos;
    const FormSign* form = form_of(name);
    if (!reads_context || form == nullptr || form->form != "LoRA" || entry.shape.size() < 2) continue;
    if (entry.shape[1] == 768) return "Stable Diffusion 1.x";
    if (entry.shape[1] == 1024) return "Stable Diffusion 2.x";
    if (entry.shape[1] == 2048) return "Stable Diffusion XL";
  }
  return std::nullopt;
}

std::optional<std::string> family_by_metadata(const std::map<std::string, std::string>& metadata) {
  for (const char* key : {"ss_base_model_version", "modelspec.architecture"}) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) continue;
    const std::string& says = found->second;
    if (says.starts_with("sdxl") || says.find("diffusion-xl") != std::string::npos) return "Stable Diffusion XL";
    if (says.starts_with("sd_v2") || says.find("diffusion-v2") != std::string::npos) return "Stable Diffusion 2.x";
    if (says.starts_with("sd_v1") || says.find("diffusion-v1") != std::string::npos) return "Stable Diffusion 1.x";
  }
  return std::nullopt;
}

struct Range {
  double least = 0, greatest = 0;
  bool any = false;

  void add(double value) {
    least = any ? std::min(least, value) : value;
    greatest = any ? std::max(greatest, value) : value;
    any = true;
  }
  json pair() const { return json::array({least, greatest}); }
};

bool changes_text(const std::string& name) {
  return name.starts_with("lora_te") || name.starts_with("text_encoder") || name.starts_with("clip_");
}

}  // namespace

json adapter_report(const WeightFile& file) {
  std::map<std::string, std::int64_t> forms;
  std::int64_t of_unet = 0, of_text = 0, decomposed = 0;
  Range ranks, alphas;
  std::set<std::string> layers;  // a form may have several tensors of a layer
  for (const auto& [name, entry] : file.entries()) {
    if (std::ranges::any_of(kMagnitudes, [&](auto end) { return name.find(end) != std::string::npos; })) ++decomposed;
    if (name.ends_with(".alpha") && entry.dtype != at::ScalarType::Undefined) {
      const at::Tensor alpha = file.tensor(name);
      if (alpha.numel() == 1) alphas.add(alpha.item().toDouble());
    }
    const FormSign* form = form_of(name);
    if (form == nullptr) continue;
    const auto axis = static_cast<std::size_t>(form->rank_axis);
    if (form->rank_axis >= 0 && axis < entry.shape.size()) ranks.add(static_cast<double>(entry.shape[axis]));
    if (!layers.insert(name.substr(0, name.find(form->fragment))).second) continue;
    const bool kernel = form->form == "LoRA" && entry.shape.size() == 4 && entry.shape[2] * entry.shape[3] > 1;
    ++forms[kernel ? "LoCon" : std::string(form->form)];
    ++(changes_text(name) ? of_text : of_unet);
  }
  json report = {{"forms", forms}, {"layers", {{"unet", of_unet}, {"text", of_text}}}};
  if (decomposed > 0) report["forms"]["DoRA"] = decomposed;
  if (ranks.any) report["ranks"] = ranks.pair();
  if (alphas.any) report["alphas"] = alphas.pair();
  auto family = family_by_layers(file);
  if (!family) family = family_by_metadata(file.metadata());
  if (family) report["family"] = *family;
  return report;
}

namespace {

/// Those that were seen most in a training of kohya's scripts, {"DATASET": {"TAG": COUNT}}.
std::vector<std::string> frequent_tags(const std::string& text) {
  constexpr std::size_t kMost = 10;
  std::map<std::string, std::int64_t> counts;
  const json said = foreign_json_or_null(text);
  if (!said.is_object()) return {};
  for (const json& set : said) {
    if (!set.is_object()) continue;
    for (const auto& [tag, count] : set.items())
      if (count.is_number_integer())
        counts[tag] += std::clamp<std::int64_t>(count.get<std::int64_t>(), 0, 1'000'000'000);
  }
  std::vector<std::pair<std::string, std::int64_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, std::greater(), &std::pair<std::string, std::int64_t>::second);
  std::vector<std::string> tags;
  for (const auto& [tag, count] : sorted)
    if (tags.size() < kMost) tags.push_back(tag);
  return tags;
}

/// "(1024, 1024)" of kohya's scripts, "1024x1024" of modelspec.
std::optional<std::string> resolution_of(const std::string& text) {
  static const std::regex numbers(R"((\d{1,6})\D+(\d{1,6})\D*)");
  std::smatch found;
  const std::string first = text.substr(0, std::min<std::size_t>(text.size(), 64));
  if (!std::regex_search(first, found, numbers)) return std::nullopt;
  return found[1].str() + " x " + found[2].str();
}

}  // namespace

json training_report(const std::map<std::string, std::string>& metadata) {
  json report = json::object();
  const auto text = [&](const char* key) -> const std::string* {
    const auto found = metadata.find(key);
    return found == metadata.end() || found->second.empty() || found->second == "None" ? nullptr : &found->second;
  };
  if (const std::string* phrase = text("modelspec.trigger_phrase")) report["trigger_words"] = json::array({*phrase});
  if (const std::string* tags = text("ss_tag_frequency"); tags && !report.contains("trigger_words"))
    if (const auto words = frequent_tags(*tags); !words.empty()) report["trigger_words"] = words;
  for (const char* key : {"modelspec.resolution", "ss_resolution"})
    if (const std::string* said = text(key); said && !report.contains("resolution"))
      if (const auto resolution = resolution_of(*said)) report["resolution"] = *resolution;
  for (const char* key : {"ss_base_model_version", "ss_sd_model_name"})
    if (const std::string* said = text(key); said && !report.contains("base_model")) report["base_model"] = *said;
  for (const char* key : {"modelspec.title", "ss_output_name", "general.name"})
    if (const std::string* said = text(key); said && !report.contains("title")) report["title"] = *said;
  return report;
}

}  // namespace weft::sd
