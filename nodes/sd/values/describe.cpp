#include "nodes/sd/values/describe.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "nodes/sd/tensors/finite.h"

namespace weft::sd {
namespace {

using nlohmann::json;

std::string name_of(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kHalf:
      return "float16";
    case at::kBFloat16:
      return "bfloat16";
    case at::kLong:
      return "int64";
    case at::kByte:
      return "uint8";
    case at::kBool:
      return "bool";
    default:
      return at::toString(dtype);
  }
}

json histogram(const at::Tensor& values, double least, double most) {
  constexpr std::int64_t kBins = 64;
  const at::Tensor counts = at::histc(values, kBins, least, most).to(at::kLong);
  const auto* first = counts.data_ptr<std::int64_t>();
  return {{"min", least}, {"max", most}, {"counts", std::vector<std::int64_t>(first, first + kBins)}};
}

/// Each place of the context: what stands there, its weight, and how long its vector is. Padding is one row.
json token_table(const ConditioningEntry& entry) {
  const at::Tensor lengths = entry.context[0].norm(2, {1}).to(at::kCPU, at::kDouble);
  const std::vector<PromptToken>& tokens = entry.tokens;
  json rows = json::array();
  for (std::size_t i = 0, end = 0; i < tokens.size(); i = end) {
    while (end < tokens.size() && tokens[end].text == tokens[i].text) ++end;
    if (end - i < 3) end = i + 1;
    rows.push_back({end - i == 1 ? fmt::format("{}", i) : fmt::format("{} - {}", i, end - 1), tokens[i].text,
        tokens[i].weight, lengths[static_cast<std::int64_t>(i)].item<double>()});
  }
  return {{"columns", {"place", "token", "weight", "length"}}, {"rows", std::move(rows)}};
}

json area_of(const ConditioningEntry& entry) {
  if (const auto* area = std::get_if<PixelArea>(&entry.area))
    return {{"x", area->x}, {"y", area->y}, {"width", area->width}, {"height", area->height}};
  if (const auto* area = std::get_if<FractionArea>(&entry.area))
    return {{"x", area->x}, {"y", area->y}, {"width", area->width}, {"height", area->height}};
  return nullptr;
}

}  // namespace

json describe(const at::Tensor& tensor) {
  if (!tensor.defined()) return nullptr;
  json said = {{"shape", tensor.sizes().vec()}, {"dtype", name_of(tensor.scalar_type())}};
  const at::Tensor all = tensor.detach().to(at::kCPU, at::kFloat).flatten();
  const bool all_finite = std::isfinite(finite_sum(all).item<double>());  // then nothing need be copied
  const at::Tensor finite = all_finite ? all : all.masked_select(all.isfinite());
  if (finite.numel() < all.numel()) said["not_finite"] = all.numel() - finite.numel();
  if (finite.numel() == 0) return said;
  const double least = finite.min().item<double>(), most = finite.max().item<double>();
  said["min"] = least;
  said["max"] = most;
  said["mean"] = finite.mean().item<double>();
  said["deviation"] = finite.std(/*unbiased=*/false).item<double>();
  if (least < most) said["histogram"] = histogram(finite, least, most);
  return said;
}

json describe(const ConditioningEntries& conditioning) {
  json entries = json::array();
  for (const ConditioningEntry& entry : conditioning) {
    json said = {{"strength", entry.strength}, {"start", entry.start_percent}, {"end", entry.end_percent}};
    if (entry.range_in_steps) said["range_in"] = "steps";
    if (entry.composed != ComposedPart{})
      said["composed"] = {{"prompt", entry.composed.prompt}, {"weight", entry.composed.weight}};
    if (json area = area_of(entry); !area.is_null()) said["area"] = std::move(area);
    for (const auto& control : entry.controls)
      said["controls"].push_back({{"strength", control->strength}, {"start", control->start_percent},
          {"end", control->end_percent}, {"picture", control->hint.sizes().vec()}});
    if (entry.mask.defined()) said["mask"] = {{"shape", entry.mask.sizes().vec()}, {"strength", entry.mask_strength}};
    if (entry.size)
      said["size"] = {{"width", entry.size->width}, {"height", entry.size->height},
          {"crop_left", entry.size->crop_left}, {"crop_top", entry.size->crop_top},
          {"target_width", entry.size->target_width}, {"target_height", entry.size->target_height}};
    if (entry.aesthetic_score) said["aesthetic_score"] = *entry.aesthetic_score;
    if (!entry.tokens.empty()) said["tokens"] = token_table(entry);
    said["context"] = describe(entry.context);
    entries.push_back(std::move(said));
  }
  return entries;
}

}  // namespace weft::sd
