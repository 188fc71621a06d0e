#include "nodes/sd/values/bytes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/foreign_json.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/safetensors.h"

namespace weft::sd {
namespace {

using nlohmann::json;

constexpr const char* kFacts = "weft";
constexpr const char* kOrigin = "the value";

NodeError damaged(const std::string& why) {
  return NodeError(fmt::format("the bytes of this value are damaged: {}", why), "make the value again");
}

/// What `read` makes of the parts; what it misses is an error about the bytes.
template <class Read>
auto reading(const Read& read) {
  try {
    return read();
  } catch (const json::exception& error) {
    throw damaged(error.what());
  } catch (const ModelError& error) {
    throw damaged(error.what());
  }
}

at::Tensor require(const ValueParts& parts, const std::string& name, std::int64_t rank, at::ScalarType dtype) {
  const at::Tensor tensor = parts.tensor(name);
  if (!tensor.defined() || tensor.dim() != rank || tensor.scalar_type() != dtype)
    throw damaged(fmt::format("its tensor '{}' is missing or of another form", name));
  return tensor;
}

json written(const LatentSpace& space) {
  return {{"channels", space.channels}, {"downscale", space.downscale}, {"scale", space.scale}, {"shift", space.shift},
      {"means", space.statistics.mean}, {"deviations", space.statistics.deviation}, {"colours", space.colours},
      {"grey", space.grey}};
}

LatentSpace space_in(const json& facts) {
  return {.channels = facts.at("channels"),
      .downscale = facts.at("downscale"),
      .scale = facts.at("scale"),
      .shift = facts.at("shift"),
      .statistics = {.mean = facts.value("means", ChannelStatistics().mean),
          .deviation = facts.value("deviations", ChannelStatistics().deviation)},
      .colours = facts.at("colours").get<PreviewColours>(),
      .grey = facts.at("grey").get<GreyLatent>()};
}

// ---- Conditioning: an entry's tensors are named "0.context" ----

/// The tensors of an entry, by their names.
template <class Entry, class Visit>
void visit_tensors(Entry& entry, const Visit& visit) {
  visit("context", entry.context);
  visit("pooled", entry.pooled);
  visit("mask", entry.mask);
  visit("concat_latent", entry.concat_latent);
  visit("concat_mask", entry.concat_mask);
  visit("concat_map", entry.concat_map);
}

json written(const std::variant<std::monostate, PixelArea, FractionArea>& area) {
  const auto list = [](const auto& a, const char* unit) {
    return json{{"unit", unit}, {"height", a.height}, {"width", a.width}, {"y", a.y}, {"x", a.x}};
  };
  if (const auto* pixels = std::get_if<PixelArea>(&area)) return list(*pixels, "pixels");
  if (const auto* share = std::get_if<FractionArea>(&area)) return list(*share, "parts");
  return nullptr;
}

std::variant<std::monostate, PixelArea, FractionArea> area_in(const json& facts) {
  if (facts.is_null()) return {};
  if (facts.at("unit") == "pixels")
    return PixelArea{facts.at("height"), facts.at("width"), facts.at("y"), facts.at("x")};
  return FractionArea{facts.at("height"), facts.at("width"), facts.at("y"), facts.at("x")};
}

json written(const ConditioningEntry& entry) {
  if (!entry.controls.empty())
    throw NodeError("the conditioning holds a ControlNet, which cannot be written", "apply it where it is sampled");
  if (!entry.patches.empty())
    throw NodeError("the conditioning holds a patch (GLIGEN), which cannot be written", "apply it where it is sampled");
  json facts = {{"area", written(entry.area)}, {"strength", entry.strength}, {"mask_strength", entry.mask_strength},
      {"area_from_mask", entry.area_from_mask}, {"start", entry.start_percent}, {"end", entry.end_percent}};
  if (entry.range_in_steps) facts["range_in_steps"] = true;
  if (entry.composed != ComposedPart{}) facts["composed"] = {entry.composed.prompt, entry.composed.weight};
  if (entry.size)
    facts["size"] = {entry.size->height, entry.size->width, entry.size->crop_top, entry.size->crop_left,
        entry.size->target_height, entry.size->target_width};
  if (entry.aesthetic_score) facts["aesthetic_score"] = *entry.aesthetic_score;
  for (const PromptToken& token : entry.tokens) facts["tokens"].push_back({token.text, token.weight});
  return facts;
}

ConditioningEntry entry_in(const json& facts) {
  ConditioningEntry entry;
  entry.area = area_in(facts.at("area"));
  entry.strength = facts.at("strength");
  entry.mask_strength = facts.at("mask_strength");
  entry.area_from_mask = facts.at("area_from_mask");
  entry.start_percent = facts.at("start");
  entry.end_percent = facts.at("end");
  entry.range_in_steps = facts.value("range_in_steps", false);
  if (facts.contains("composed")) entry.composed = {facts["composed"].at(0), facts["composed"].at(1)};
  if (facts.contains("size")) {
    const auto size = facts["size"].get<std::array<std::int64_t, 6>>();
    entry.size = PictureSize{size[0], size[1], size[2], size[3], size[4], size[5]};
  }
  if (facts.contains("aesthetic_score")) entry.aesthetic_score = facts["aesthetic_score"];
  for (const json& token : facts.value("tokens", json::array())) entry.tokens.push_back({token.at(0), token.at(1)});
  return entry;
}

}  // namespace

at::Tensor ValueParts::tensor(const std::string& name) const {
  const auto found = tensors.find(name);
  return found == tensors.end() ? at::Tensor() : found->second;
}

void ValueParts::add(const std::string& name, const at::Tensor& tensor) {
  if (tensor.defined()) tensors.emplace(name, tensor);
}

std::string to_bytes(const ValueParts& parts) {
  return safetensors_bytes(parts.tensors, {{kFacts, parts.facts.dump()}}, kOrigin);
}

ValueParts parts_in(std::string_view bytes) {
  return reading([&] {
    const auto file = SafetensorsFile::from_bytes(std::string(bytes), kOrigin);
    ValueParts parts;
    for (const auto& [name, entry] : file.entries()) parts.tensors.emplace(name, file.tensor(name));
    const auto facts = file.metadata().find(kFacts);
    if (facts != file.metadata().end()) parts.facts = foreign_json_or_null(facts->second);
    if (!parts.facts.is_object()) throw damaged("what is said of its tensors is missing");
    return parts;
  });
}

ValueParts parts_of(const Latent& latent) {
  ValueParts parts;
  parts.add("samples", latent.samples);
  parts.add("noise_mask", latent.noise_mask);
  parts.facts = {
      {"batch_index", latent.batch_index}, {"batch_size", latent.batch_size}, {"space", written(latent.space)}};
  return parts;
}

Latent latent_of(const ValueParts& parts) {
  return reading([&] {
    return Latent{.samples = require(parts, "samples", 4, at::kFloat),
        .noise_mask = parts.tensor("noise_mask"),
        .batch_index = parts.facts.at("batch_index").get<std::vector<std::int64_t>>(),
        .batch_size = parts.facts.at("batch_size"),
        .space = space_in(parts.facts.at("space"))};
  });
}

ValueParts parts_of(const weft::Conditioning& conditioning) {
  ValueParts parts;
  parts.facts["entries"] = json::array();
  for (const ConditioningEntry& entry : conditioning.entries) {
    const std::string prefix = fmt::format("{}.", parts.facts["entries"].size());
    visit_tensors(entry, [&](const char* name, const at::Tensor& tensor) { parts.add(prefix + name, tensor); });
    parts.facts["entries"].push_back(written(entry));
  }
  return parts;
}

weft::Conditioning conditioning_of(const ValueParts& parts) {
  return reading([&] {
    weft::Conditioning conditioning;
    for (const json& facts : parts.facts.at("entries")) {
      ConditioningEntry entry = entry_in(facts);
      const std::string prefix = fmt::format("{}.", conditioning.entries.size());
      visit_tensors(entry, [&](const char* name, at::Tensor& tensor) { tensor = parts.tensor(prefix + name); });
      static_cast<void>(require(parts, prefix + "context", 3, at::kFloat));
      conditioning.entries.push_back(std::move(entry));
    }
    return conditioning;
  });
}

ValueParts parts_of(const Sigmas& sigmas) {
  ValueParts parts;
  parts.add("sigmas", at::tensor(sigmas.values, at::kFloat));
  return parts;
}

Sigmas sigmas_of(const ValueParts& parts) {
  const at::Tensor values = require(parts, "sigmas", 1, at::kFloat);
  return {{values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel()}};
}

ValueParts parts_of(const SegmentationMap& map) {
  ValueParts parts;
  parts.add("classes", map.classes);
  parts.facts["legend"] = json::array();
  for (const LegendEntry& entry : map.legend) parts.facts["legend"].push_back({entry.name, entry.rgb});
  return parts;
}

SegmentationMap segmentation_map_of(const ValueParts& parts) {
  return reading([&] {
    SegmentationMap map{.classes = require(parts, "classes", 3, at::kLong)};
    for (const json& entry : parts.facts.at("legend"))
      map.legend.push_back({entry.at(0), entry.at(1).get<std::array<int, 3>>()});
    const auto count = static_cast<std::int64_t>(map.legend.size());
    if (map.classes.numel() > 0 && (map.classes.lt(0).any() | map.classes.ge(count).any()).item<bool>())
      throw damaged("it has a class that its legend does not");
    return map;
  });
}

}  // namespace weft::sd
