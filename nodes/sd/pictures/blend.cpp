#include "nodes/sd/pictures/blend.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace weft::sd {
namespace {

using at::Tensor;

Tensor normal(const Tensor&, const Tensor& above) { return above; }
Tensor multiply(const Tensor& base, const Tensor& above) { return base * above; }
Tensor screen(const Tensor& base, const Tensor& above) { return 1 - (1 - base) * (1 - above); }
Tensor difference(const Tensor& base, const Tensor& above) { return base - above; }

Tensor overlay(const Tensor& base, const Tensor& above) {
  return at::where(base <= 0.5, 2 * base * above, 1 - 2 * (1 - base) * (1 - above));
}

/// W3C's "Compositing and Blending", 10.1.
Tensor soft_light(const Tensor& base, const Tensor& above) {
  const Tensor lighter = at::where(base <= 0.25, ((16 * base - 12) * base + 4) * base, base.sqrt());
  return at::where(above <= 0.5, base - (1 - 2 * above) * base * (1 - base), base + (2 * above - 1) * (lighter - base));
}

struct Mode {
  std::string_view name;
  Tensor (*mix)(const Tensor&, const Tensor&);
};
constexpr std::array kModes = std::to_array<Mode>({{"normal", normal}, {"multiply", multiply}, {"screen", screen},
    {"overlay", overlay}, {"soft_light", soft_light}, {"difference", difference}});

/// Colours multiplied by alpha, and alpha: what the operators are stated in.
struct Premultiplied {
  Tensor colours, alpha;
};
using Operator = Premultiplied (*)(const Premultiplied& s, const Premultiplied& d);

/// What covers at least one of the two.
Tensor either(const Premultiplied& s, const Premultiplied& d) { return s.alpha + d.alpha - s.alpha * d.alpha; }
/// Both where only one of them is.
Tensor apart(const Premultiplied& s, const Premultiplied& d) {
  return (1 - d.alpha) * s.colours + (1 - s.alpha) * d.colours;
}

struct Operation {
  std::string_view name;
  Operator apply;
};
constexpr std::array kOperations = std::to_array<Operation>({
    {"ADD",
        [](const auto& s, const auto& d) {
          return Premultiplied{(s.colours + d.colours).clamp(0, 1), (s.alpha + d.alpha).clamp(0, 1)};
        }},
    {"CLEAR",
        [](const auto&, const auto& d) { return Premultiplied{at::zeros_like(d.colours), at::zeros_like(d.alpha)}; }},
    {"DARKEN",
        [](const auto& s, const auto& d) {
          return Premultiplied{apart(s, d) + at::minimum(s.colours, d.colours), either(s, d)};
        }},
    {"DST", [](const auto&, const auto& d) { return d; }},
    {"DST_ATOP",
        [](const auto& s, const auto& d) {
          return Premultiplied{s.alpha * d.colours + (1 - d.alpha) * s.colours, s.alpha};
        }},
    {"DST_IN", [](const auto& s, const auto& d) { return Premultiplied{d.colours * s.alpha, s.alpha * d.alpha}; }},
    {"DST_OUT",
        [](const auto& s, const auto& d) { return Premultiplied{(1 - s.alpha) * d.colours, (1 - s.alpha) * d.alpha}; }},
    {"DST_OVER",
        [](const auto& s, const auto& d) {
          return Premultiplied{d.colours + (1 - d.alpha) * s.colours, d.alpha + (1 - d.alpha) * s.alpha};
        }},
    {"LIGHTEN",
        [](const auto& s, const auto& d) {
          return Premultiplied{apart(s, d) + at::maximum(s.colours, d.colours), either(s, d)};
        }},
    {"MULTIPLY", [](const auto& s, const auto& d) { return Premultiplied{s.colours * d.colours, s.alpha * d.alpha}; }},
    // ComfyUI's; the published operator subtracts each colour from its own alpha and adds what is apart.
    {"OVERLAY",
        [](const auto& s, const auto& d) {
          return Premultiplied{at::where(2 * d.colours < d.alpha, 2 * s.colours * d.colours,
                                   s.alpha * d.alpha - 2 * (d.alpha - s.colours) * (s.alpha - d.colours)),
              either(s, d)};
        }},
    {"SCREEN",
        [](const auto& s, const auto& d) {
          return Premultiplied{s.colours + d.colours - s.colours * d.colours, either(s, d)};
        }},
    {"SRC", [](const auto& s, const auto&) { return s; }},
    {"SRC_ATOP",
        [](const auto& s, const auto& d) {
          return Premultiplied{d.alpha * s.colours + (1 - s.alpha) * d.colours, d.alpha};
        }},
    {"SRC_IN", [](const auto& s, const auto& d) { return Premultiplied{s.colours * d.alpha, s.alpha * d.alpha}; }},
    {"SRC_OUT",
        [](const auto& s, const auto& d) { return Premultiplied{(1 - d.alpha) * s.colours, (1 - d.alpha) * s.alpha}; }},
    {"SRC_OVER",
        [](const auto& s, const auto& d) {
          return Premultiplied{s.colours + (1 - s.alpha) * d.colours, s.alpha + (1 - s.alpha) * d.alpha};
        }},
    {"XOR",
        [](const auto& s, const auto& d) {
          return Premultiplied{apart(s, d), (1 - d.alpha) * s.alpha + (1 - s.alpha) * d.alpha};
        }},
});

template <class Table>
auto names_of(const Table& table) {
  std::array<std::string_view, std::tuple_size_v<Table>> names;
  std::ranges::transform(table, names.begin(), [](const auto& entry) { return entry.name; });
  return names;
}

template <class Table>
const auto& entry_of(const Table& table, std::string_view name, std::string_view what) {
  const auto found = std::ranges::find_if(table, [&](const auto& entry) { return entry.name == name; });
  if (found == table.end()) throw std::invalid_argument(fmt::format("there is no {} \"{}\"", what, name));
  return *found;
}

}  // namespace

std::span<const std::string_view> blend_modes() {
  static const auto kNames = names_of(kModes);
  return kNames;
}

at::Tensor blended(const at::Tensor& base, const at::Tensor& above, std::string_view mode) {
  return entry_of(kModes, mode, "blend mode").mix(base, above);
}

std::span<const std::string_view> porter_duff_operations() {
  static const auto kNames = names_of(kOperations);
  return kNames;
}

Layer composed(const Layer& source, const Layer& destination, std::string_view operation) {
  constexpr double kLeastAlpha = 1e-5;
  const Premultiplied s{source.colours * source.alpha, source.alpha};
  const Premultiplied d{destination.colours * destination.alpha, destination.alpha};
  const Premultiplied result = entry_of(kOperations, operation, "operation").apply(s, d);
  const Tensor colours = at::where(result.alpha > kLeastAlpha, result.colours / result.alpha, 0.0);
  return {colours.clamp(0, 1), result.alpha};
}

}  // namespace weft::sd
