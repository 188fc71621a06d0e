#include "plugins/examples/custom_value/palette.h"

#include <cstdio>
#include <cstring>

#include "base/error.h"

namespace example {
namespace {

constexpr int kRounds = 8;   // of k-means; pictures settle well before
constexpr int kSwatch = 32;  // pixels of a preview's square

/// For each pixel, the index of the nearest colour.
torch::Tensor nearest(const torch::Tensor& pixels, const torch::Tensor& colours) {
  return torch::cdist(pixels, colours).argmin(1);
}

torch::Tensor sorted_by_brightness(const torch::Tensor& colours) {
  return colours.index_select(0, colours.sum(1).argsort());
}

/// 8-bit RGB, [count, 3].
torch::Tensor bytes_of(const Palette& palette) {
  return palette.colours.clamp(0, 1).mul(255).round().to(torch::kUInt8).cpu().contiguous();
}

weft::Picture swatches(const Palette& palette) {
  const torch::Tensor row = bytes_of(palette).repeat_interleave(kSwatch, 0);
  const torch::Tensor squares = row.unsqueeze(0).expand({kSwatch, row.size(0), 3}).contiguous();
  const std::uint8_t* first = squares.data_ptr<std::uint8_t>();
  return {.width = static_cast<int>(row.size(0)), .height = kSwatch, .rgb = {first, first + squares.numel()}};
}

}  // namespace

Palette extract_palette(const torch::Tensor& pixels, int count) {
  const torch::Tensor sorted = sorted_by_brightness(pixels);
  const torch::Tensor places = torch::linspace(0, static_cast<double>(sorted.size(0) - 1), count).to(torch::kLong);
  torch::Tensor colours = sorted.index_select(0, places);
  for (int round = 0; round < kRounds; ++round) {
    const torch::Tensor owner = nearest(pixels, colours);
    const torch::Tensor members = torch::bincount(owner, {}, count).unsqueeze(1);
    const torch::Tensor sums = torch::zeros_like(colours).index_add(0, owner, pixels);
    colours = torch::where(members > 0, sums / members.clamp_min(1), colours);  // one without pixels stays
  }
  return {sorted_by_brightness(colours)};
}

torch::Tensor nearest_colours(const torch::Tensor& pixels, const Palette& palette) {
  return palette.colours.index_select(0, nearest(pixels, palette.colours));
}

/// The numbers as they lie in memory.
std::string to_bytes(const Palette& palette) {
  const torch::Tensor colours = palette.colours.cpu().contiguous();
  return {static_cast<const char*>(colours.const_data_ptr()), colours.nbytes()};
}

Palette from_bytes(std::string_view bytes) {
  constexpr std::size_t kColour = 3 * sizeof(float);
  if (bytes.empty() || bytes.size() % kColour != 0)
    throw weft::NodeError("these bytes are no palette", "make the palette again");
  Palette palette{torch::empty({static_cast<std::int64_t>(bytes.size() / kColour), 3})};
  std::memcpy(palette.colours.data_ptr(), bytes.data(), bytes.size());
  return palette;
}

std::vector<std::string> hexadecimal(const Palette& palette) {
  const torch::Tensor bytes = bytes_of(palette);
  const std::uint8_t* byte = bytes.data_ptr<std::uint8_t>();
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < bytes.size(0); ++i, byte += 3) {
    char name[8];
    std::snprintf(name, sizeof name, "#%02x%02x%02x", byte[0], byte[1], byte[2]);
    names.emplace_back(name);
  }
  return names;
}

weft::ValueType palette_type() {
  return {.id = std::string(Palette::kType),
      .title = "Palette",
      .colour = "#f06292",
      .doc = "A few colours, darkest first: float32 [count, 3], RGB in [0, 1].",
      .preview = [](const weft::Value& value) { return swatches(value.as<Palette>()); },
      .describe = [](const weft::Value& value) { return nlohmann::json(hexadecimal(value.as<Palette>())); },
      .encode = [](const weft::Value& value) { return to_bytes(value.as<Palette>()); },
      .decode = [](std::string_view bytes) { return weft::Value::of(from_bytes(bytes)); },
      .example = [] { return weft::Value::of(Palette{torch::tensor({{0.1f, 0.2f, 0.3f}, {0.9f, 0.8f, 0.6f}})}); }};
}

}  // namespace example
