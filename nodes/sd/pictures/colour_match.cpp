#include "nodes/sd/pictures/colour_match.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "base/cancel_point.h"

namespace weft::sd {
namespace {

constexpr std::int64_t kLevels = 256;
constexpr double kLeast = 1e-6;  ///< of a deviation

at::Tensor row(double a, double b, double c) {
  return at::tensor({static_cast<float>(a), static_cast<float>(b), static_cast<float>(c)});
}
at::Tensor white() { return row(0.95047, 1, 1.08883); }
at::Tensor to_xyz() {
  return at::stack(
      {row(0.412453, 0.357580, 0.180423), row(0.212671, 0.715160, 0.072169), row(0.019334, 0.119193, 0.950227)});
}
at::Tensor from_xyz() {
  return at::stack({row(3.2404813432005266, -1.5371515162713185, -0.4985363261688878),
      row(-0.9692549499965682, 1.8759900014898907, 0.0415559265582928),
      row(0.0556466391351772, -0.2040413383665112, 1.0573110696453443)});
}

/// Channels of one picture [H, W, 3] as [3, H * W].
at::Tensor flat(const at::Tensor& picture) { return picture.reshape({-1, 3}).t().contiguous(); }

/// Mean [3, 1], and the deviations [3, 1] or the covariance [3, 3].
struct Spread {
  at::Tensor mean, spread;
};

/// Of pictures [B, H, W, 3] in L*a*b*, each of which counts as much.
Spread spread_of(const at::Tensor& lab, ColourMatch method) {
  const at::Tensor all = flat(lab.reshape({-1, 1, 3}));
  const at::Tensor mean = all.mean(1, /*keepdim=*/true), centred = all - mean;
  if (method == ColourMatch::Reinhard) return {mean, centred.square().mean(1, true).sqrt().clamp_min(kLeast)};
  return {mean, centred.matmul(centred.t()) / static_cast<double>(all.size(1))};
}

/// The symmetric matrix that turns one covariance into another.
at::Tensor transport(const at::Tensor& from, const at::Tensor& to) {
  const auto [values, vectors] = at::linalg_eigh(from);
  const at::Tensor root = values.clamp_min(0).sqrt().clamp_min(kLeast);
  const at::Tensor scaled = vectors * root.unsqueeze(0), unscaled = vectors * (1 / root).unsqueeze(0);
  const auto [middle_values, middle_vectors] = at::linalg_eigh(scaled.t().matmul(to).matmul(scaled));
  const at::Tensor middle =
      (middle_vectors * middle_values.clamp_min(0).sqrt().unsqueeze(0)).matmul(middle_vectors.t());
  return unscaled.matmul(middle).matmul(unscaled.t());
}

/// A picture's colours [3, N], which are spread as `from`, spread as `to`.
at::Tensor moved(const at::Tensor& colours, const Spread& from, const Spread& to, ColourMatch method) {
  const at::Tensor centred = colours - from.mean;
  if (method == ColourMatch::Reinhard) return centred * (to.spread / from.spread) + to.mean;
  return transport(from.spread, to.spread).matmul(centred) + to.mean;
}

at::Tensor level_of(const at::Tensor& values) {
  return (values * static_cast<double>(kLevels - 1)).to(at::kLong).clamp(0, kLevels - 1);
}

/// For each channel of pictures [B, H, W, 3], the share of pixels up to each level: [3, 256].
at::Tensor distribution(const at::Tensor& pictures) {
  const at::Tensor levels = level_of(flat(pictures.reshape({-1, 1, 3})));
  const at::Tensor counts = at::zeros({3, kLevels}).scatter_add_(1, levels, at::ones(levels.sizes()));
  const at::Tensor sums = counts.cumsum(1);
  return sums / sums.slice(1, -1);
}

at::Tensor table_between(const at::Tensor& from, const at::Tensor& to) {
  return at::searchsorted(to, from.contiguous()).clamp_max(kLevels - 1).to(at::kFloat) /
      static_cast<double>(kLevels - 1);
}

}  // namespace

at::Tensor lab_of(const at::Tensor& rgb) {
  const at::Tensor linear = at::where(rgb > 0.04045, ((rgb + 0.055).clamp_min(0) / 1.055).pow(2.4), rgb / 12.92);
  const at::Tensor xyz = linear.matmul(to_xyz().t()) / white();
  const at::Tensor f = at::where(xyz > 0.008856, xyz.clamp_min(0.008856).pow(1 / 3.0), 7.787 * xyz + 4.0 / 29);
  const at::Tensor x = f.select(-1, 0), y = f.select(-1, 1), z = f.select(-1, 2);
  return at::stack({116 * y - 16, 500 * (x - y), 200 * (y - z)}, -1);
}

at::Tensor rgb_of_lab(const at::Tensor& lab) {
  const at::Tensor y = (lab.select(-1, 0) + 16) / 116, x = lab.select(-1, 1) / 500 + y;
  const at::Tensor z = (y - lab.select(-1, 2) / 200).clamp_min(0);
  const at::Tensor f = at::stack({x, y, z}, -1);
  const at::Tensor xyz = at::where(f > 0.2068966, f.pow(3), (f - 4.0 / 29) / 7.787) * white();
  const at::Tensor linear = xyz.matmul(from_xyz().t());
  return at::where(linear > 0.0031308, 1.055 * linear.clamp_min(0.0031308).pow(1 / 2.4) - 0.055, 12.92 * linear)
      .clamp(0, 1);
}

at::Tensor colours_matched(const at::Tensor& images, const at::Tensor& reference, const ColourMatchOptions& options) {
  const bool histogram = options.method == ColourMatch::Histogram,
             each = options.baseline == ColourBaseline::EachPicture;
  const at::Tensor source = histogram ? images : lab_of(images), target = histogram ? reference : lab_of(reference);
  const auto spread = [&](const at::Tensor& pictures) {
    return histogram ? Spread{distribution(pictures), {}} : spread_of(pictures, options.method);
  };
  const at::Tensor baseline = options.baseline == ColourBaseline::OnePicture
      ? source.narrow(0, std::min(options.index, source.size(0) - 1), 1)
      : source;
  const Spread from_all = each ? Spread() : spread(baseline), to_all = spread(target);
  std::vector<at::Tensor> matched;
  for (std::int64_t i = 0; i < source.size(0); ++i) {
    cancel_point();
    const at::Tensor one = source.narrow(0, i, 1), colours = flat(one[0]);
    const Spread from = each ? spread(one) : from_all;
    const Spread to =
        each && target.size(0) > 1 ? spread(target.narrow(0, std::min(i, target.size(0) - 1), 1)) : to_all;
    const at::Tensor changed = histogram
        ? table_between(from.mean, to.mean).gather(1, (colours * 255).to(at::kLong).clamp(0, kLevels - 1))
        : moved(colours, from, to, options.method);
    const at::Tensor mixed = options.strength == 1 ? changed : at::lerp(colours, changed, options.strength);
    const at::Tensor picture = mixed.t().reshape(one.sizes());
    matched.push_back(histogram ? picture.clamp(0, 1) : rgb_of_lab(picture));
  }
  return at::cat(matched);
}

}  // namespace weft::sd
