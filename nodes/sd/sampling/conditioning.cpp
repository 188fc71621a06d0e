#include "nodes/sd/sampling/conditioning.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace weft::sd {
namespace {

template <class Change>
ConditioningEntries with(ConditioningEntries conditioning, Change change) {
  for (ConditioningEntry& entry : conditioning) change(entry);
  return conditioning;
}

const ConditioningEntry& first_of(const ConditioningEntries& from, const ConditioningEntry* like) {
  if (from.empty()) throw std::invalid_argument("the conditioning to take from is empty: connect an encoded prompt");
  const ConditioningEntry& first = from.front();
  if (like != nullptr && first.context.size(2) != like->context.size(2)) {
    throw std::invalid_argument(
        fmt::format("the two prompts were encoded by different kinds of text encoder ({} and {} values a token): "
                    "encode both with the same one",
            like->context.size(2), first.context.size(2)));
  }
  return first;
}

}  // namespace

ConditioningEntries combine(const ConditioningEntries& a, const ConditioningEntries& b) {
  ConditioningEntries both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

ConditioningEntries concat(const ConditioningEntries& to, const ConditioningEntries& from) {
  return with(to, [&](ConditioningEntry& entry) {
    const ConditioningEntry& other = first_of(from, &entry);
    const bool known = !entry.tokens.empty() && !other.tokens.empty();
    if (!known) entry.tokens.clear();
    if (known) entry.tokens.insert(entry.tokens.end(), other.tokens.begin(), other.tokens.end());
    entry.context = at::cat({entry.context, other.context}, 1);
  });
}

ConditioningEntries average(const ConditioningEntries& to, const ConditioningEntries& from, double to_strength) {
  return with(to, [&](ConditioningEntry& entry) {
    const ConditioningEntry& other = first_of(from, &entry);
    const std::int64_t tokens = entry.context.size(1);
    at::Tensor context = other.context.narrow(1, 0, std::min(tokens, other.context.size(1)));
    context = at::constant_pad_nd(context, {0, 0, 0, tokens - context.size(1)});
    entry.context = entry.context * to_strength + context * (1 - to_strength);
    entry.tokens.clear();  // a place is of both prompts now
    if (!other.pooled.defined()) return;
    const at::Tensor& pooled = entry.pooled.defined() ? entry.pooled : other.pooled;
    entry.pooled = pooled * to_strength + other.pooled * (1 - to_strength);
  });
}

ConditioningEntries zero_out(const ConditioningEntries& conditioning) {
  return with(conditioning, [](ConditioningEntry& entry) {
    entry.context = at::zeros_like(entry.context);
    entry.tokens.clear();
    if (entry.pooled.defined()) entry.pooled = at::zeros_like(entry.pooled);
  });
}

ConditioningEntries multiply(const ConditioningEntries& conditioning, double by) {
  return with(conditioning, [&](ConditioningEntry& entry) {
    entry.context = entry.context * by;
    if (entry.pooled.defined()) entry.pooled = entry.pooled * by;
  });
}

ConditioningEntries set_area(const ConditioningEntries& conditioning, std::int64_t width, std::int64_t height,
    std::int64_t x, std::int64_t y, double strength) {
  return with(conditioning, [&](ConditioningEntry& entry) {
    entry.area = PixelArea{.height = height, .width = width, .y = y, .x = x};
    entry.strength = strength;
    entry.area_from_mask = false;
  });
}

ConditioningEntries set_area_percentage(
    const ConditioningEntries& conditioning, const FractionArea& area, double strength) {
  return with(conditioning, [&](ConditioningEntry& entry) {
    entry.area = area;
    entry.strength = strength;
    entry.area_from_mask = false;
  });
}

ConditioningEntries set_area_strength(const ConditioningEntries& conditioning, double strength) {
  return with(conditioning, [&](ConditioningEntry& entry) { entry.strength = strength; });
}

ConditioningEntries set_mask(
    const ConditioningEntries& conditioning, const at::Tensor& mask, double strength, bool area_from_mask) {
  return with(conditioning, [&](ConditioningEntry& entry) {
    entry.mask = mask.dim() < 3 ? mask.unsqueeze(0) : mask;
    entry.mask_strength = strength;
    entry.area_from_mask = area_from_mask;
  });
}

ConditioningEntries set_timestep_range(
    const ConditioningEntries& conditioning, double start_percent, double end_percent) {
  return with(conditioning, [&](ConditioningEntry& entry) {
    entry.start_percent = start_percent;
    entry.end_percent = end_percent;
  });
}

ConditioningEntries set_concat(
    const ConditioningEntries& conditioning, const at::Tensor& latent, const at::Tensor& mask) {
  return with(conditioning, [&](ConditioningEntry& entry) {
    entry.concat_latent = latent;
    entry.concat_mask = mask;
  });
}

ConditioningEntries set_concat_map(const ConditioningEntries& conditioning, const at::Tensor& map) {
  return with(conditioning, [&](ConditioningEntry& entry) { entry.concat_map = map; });
}

ConditioningEntries add_control(const ConditioningEntries& conditioning, std::shared_ptr<const Control> control) {
  return with(conditioning, [&](ConditioningEntry& entry) { entry.controls.push_back(control); });
}

std::vector<std::string> resized_concats(
    const ConditioningEntries& conditioning, std::int64_t height, std::int64_t width) {
  std::vector<std::string> sentences;
  const auto compare = [&](std::string_view name, const at::Tensor& part) {
    if (!part.defined() || (part.size(2) == height && part.size(3) == width)) return;
    std::string sentence = fmt::format("the {} of {} x {} latents was resized to {} x {}, the size of the latent", name,
        part.size(3), part.size(2), width, height);
    if (std::ranges::find(sentences, sentence) == sentences.end()) sentences.push_back(std::move(sentence));
  };
  for (const ConditioningEntry& entry : conditioning) {
    compare("masked picture", entry.concat_latent);
    compare("segmentation map", entry.concat_map);
  }
  return sentences;
}

}  // namespace weft::sd
