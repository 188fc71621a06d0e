#include "nodes/sd/pictures/segmentation_map.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <sstream>

#include "base/colour.h"
#include "base/error.h"
#include "base/spelling.h"

namespace weft::sd {
namespace {

using Rgb = std::array<int, 3>;

std::string name_of(const Rgb& rgb) {
  return colour_text(
      {static_cast<std::uint8_t>(rgb[0]), static_cast<std::uint8_t>(rgb[1]), static_cast<std::uint8_t>(rgb[2])});
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

LegendEntry parse_entry(std::string_view line) {
  const std::size_t hash = line.rfind('#');
  const auto colour = hash == std::string_view::npos ? std::nullopt : read_colour(line.substr(hash));
  const std::string_view name = trimmed(line.substr(0, std::min(hash, line.size())));
  if (!colour || name.empty())
    throw NodeError(fmt::format("the line '{}' of the legend is no name with a colour", line),
        "write a class a line as name #rrggbb, such as arctic fox #e0f0ff");
  return {std::string(name), {(*colour)[0], (*colour)[1], (*colour)[2]}};
}

/// The sum of squares of the channels' differences.
int distance(const Rgb& a, const Rgb& b) {
  int sum = 0;
  for (std::size_t i = 0; i < 3; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

std::size_t nearest(const Legend& legend, const Rgb& rgb) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < legend.size(); ++i)
    if (distance(legend[i].rgb, rgb) < distance(legend[best].rgb, rgb)) best = i;
  return best;
}

bool same(const Rgb& a, const Rgb& b) {
  return std::ranges::equal(a, b, [](int x, int y) { return std::abs(x - y) <= 1; });
}

struct ColourCount {
  Rgb rgb;
  std::int64_t pixels;
};

[[noreturn]] void refuse(std::vector<ColourCount> unknown, const Legend& legend) {
  constexpr std::size_t kNamed = 3;
  std::ranges::stable_sort(unknown, std::ranges::greater(), &ColourCount::pixels);
  std::string named;
  for (const ColourCount& colour : std::span(unknown).first(std::min(kNamed, unknown.size()))) {
    const LegendEntry& entry = legend[nearest(legend, colour.rgb)];
    named += fmt::format("{}{} ({} pixels; nearest is {} {})", named.empty() ? "" : ", ", name_of(colour.rgb),
        colour.pixels, entry.name, name_of(entry.rgb));
  }
  if (unknown.size() > kNamed) named += fmt::format(", and {} more", unknown.size() - kNamed);
  throw NodeError(fmt::format("the map has colours that are not in the legend: {}", named),
      "correct the picture or the legend, or take the nearest colours (unknown = nearest)");
}

}  // namespace

Legend parse_legend(std::string_view text) {
  Legend legend;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (trimmed(line).empty()) continue;
    LegendEntry entry = parse_entry(trimmed(line));
    for (const LegendEntry& other : legend)
      if (other.name == entry.name || distance(other.rgb, entry.rgb) <= 12)
        throw NodeError(fmt::format("{} {} and {} {} of the legend cannot be told apart", other.name,
                            name_of(other.rgb), entry.name, name_of(entry.rgb)),
            "give each class a name and a colour of its own");
    legend.push_back(std::move(entry));
  }
  if (legend.empty()) throw NodeError("the legend is empty", "write a class a line as name #rrggbb");
  return legend;
}

std::int64_t class_of(const Legend& legend, std::string_view name) {
  const auto found = std::ranges::find(legend, name, &LegendEntry::name);
  if (found != legend.end()) return found - legend.begin();
  std::vector<std::string> names;
  for (const LegendEntry& entry : legend) names.push_back(entry.name);
  throw NodeError(fmt::format("there is no class '{}' in the legend", name), suggestion(name, names));
}

at::Tensor find_classes(const at::Tensor& pixels, const Legend& legend, UnknownColour unknown_colour) {
  const at::Tensor bytes = (pixels.to(at::kCPU) * 255).round().clamp(0, 255).to(at::kLong);
  const at::Tensor codes = bytes.select(3, 0) * 65536 + bytes.select(3, 1) * 256 + bytes.select(3, 2);
  const auto [colours, places, counts] =
      at::_unique2(codes, /*sorted=*/true, /*return_inverse=*/true, /*return_counts=*/true);
  at::Tensor classes = at::empty_like(colours);
  std::vector<ColourCount> unknown;
  for (std::int64_t i = 0; i < colours.numel(); ++i) {
    const auto code = static_cast<int>(colours[i].item<std::int64_t>());
    const Rgb rgb{code >> 16, code >> 8 & 255, code & 255};
    const std::size_t entry = nearest(legend, rgb);
    classes[i] = static_cast<std::int64_t>(entry);
    if (!same(legend[entry].rgb, rgb)) unknown.push_back({rgb, counts[i].item<std::int64_t>()});
  }
  if (!unknown.empty() && unknown_colour == UnknownColour::Refuse) refuse(std::move(unknown), legend);
  return classes.index_select(0, places.flatten()).view(codes.sizes());
}

at::Tensor paint_classes(const SegmentationMap& map) {
  at::Tensor colours = at::empty({static_cast<std::int64_t>(map.legend.size()), 3}, at::kFloat);
  for (std::size_t i = 0; i < map.legend.size(); ++i)
    for (std::size_t channel = 0; channel < 3; ++channel)
      colours[static_cast<std::int64_t>(i)][static_cast<std::int64_t>(channel)] = map.legend[i].rgb[channel];
  return (colours / 255).index_select(0, map.classes.flatten()).unflatten(0, map.classes.sizes());
}

at::Tensor one_hot(const SegmentationMap& map) {
  const auto count = static_cast<std::int64_t>(map.legend.size());
  return at::one_hot(map.classes, count).permute({0, 3, 1, 2}).to(at::kFloat);
}

}  // namespace weft::sd
