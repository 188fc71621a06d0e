#include "training/segmenter.h"

#include <torch/torch.h>

#include <limits>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/layers.h"
#include "training/optimization.h"
#include "training/renderer.h"
#include "training/vae_training.h"
#include "training/worsening.h"

namespace weft::paper_cut {
namespace {

constexpr std::int64_t kBatch = 16;

/// A convolution with its normalisation and silu.
struct Layer {
  Layer(const sd::Weights& root, std::int64_t in, std::int64_t out, std::int64_t stride = 1)
      : conv(root / "conv", in, out, {.stride = stride}), norm(root / "norm", 8, out, 1e-5) {}

  at::Tensor operator()(const at::Tensor& x) const { return norm.silu(conv(x)); }

  sd::Conv2d conv;
  sd::GroupNorm norm;
};

/// `coarse` at twice its size beside `fine`.
at::Tensor beside(const at::Tensor& coarse, const at::Tensor& fine) {
  return at::cat({at::upsample_nearest2d(coarse, {fine.size(2), fine.size(3)}), fine}, 1)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor segmenter_loss(const Segmenter& segmenter, Dice dice, std::int64_t count) {
  std::vector<at::Tensor> pictures, labels;
  for (std::int64_t i = 0; i < count; ++i) {
    const Picture picture = render(random_scene(dice), dice.next());
    pictures.push_back(picture_tensor(picture));
    labels.push_back(labels_of(picture));
  }
  at::Tensor logits;
  {
    const Bfloat16 autocast;
    logits = segmenter.logits(worsened(at::stack(pictures), dice));
  }
  return at::cross_entropy_loss(logits.to(at::kFloat), at::stack(labels));
}

}  // namespace

struct Segmenter::Parts {
  explicit Parts(const sd::Weights& root)
      : down1(root / "down1", 3, 24, 2),
        down2(root / "down2", 24, 48, 2),
        down3(root / "down3", 48, 64, 2),
        down4(root / "down4", 64, 96, 2),
        deepest(root / "deepest", 96, 96),
        up3(root / "up3", 96 + 64, 64),
        up2(root / "up2", 64 + 48, 48),
        up1(root / "up1", 48 + 24, 32),
        classes(root / "classes", 32, kSegments, {.kernel = 1, .padding = 0}) {}

  Layer down1, down2, down3, down4, deepest, up3, up2, up1;
  sd::Conv2d classes;
};

Segmenter::Segmenter(const sd::Weights& weights) : parts_(std::make_unique<Parts>(weights)) {}
Segmenter::~Segmenter() = default;
Segmenter::Segmenter(Segmenter&&) noexcept = default;

Segmenter Segmenter::open(const std::filesystem::path& path) {
  return Segmenter(sd::Weights(std::make_shared<sd::TensorMapSource>(read_tensors(path), path.string())));
}

at::Tensor Segmenter::logits(const at::Tensor& pictures) const {
  const Parts& p = *parts_;
  const at::Tensor half = p.down1(pictures.contiguous(at::MemoryFormat::ChannelsLast)), quarter = p.down2(half),
                   eighth = p.down3(quarter), sixteenth = p.deepest(p.down4(eighth));
  const at::Tensor found = p.classes(p.up1(beside(p.up2(beside(p.up3(beside(sixteenth, eighth)), quarter)), half)));
  return at::upsample_bilinear2d(found, {pictures.size(2), pictures.size(3)}, /*align_corners=*/false);
}

at::Tensor Segmenter::read(const at::Tensor& pictures) const {
  at::NoGradGuard no_grad;
  return logits(pictures).argmax(1);
}

void train_segmenter(const SittingOptions& options, const std::filesystem::path& path, std::int64_t workers) {
  Sitting sitting("segmenter", options);
  const auto source = std::make_shared<sd::ParameterSource>(options.seed, Optimization::values_in(sitting.saved()));
  const Segmenter segmenter{sd::Weights(source)};
  Optimization optimization(source->parameters(), {.average = 0.99}, sitting.saved());
  while (!sitting.done()) {
    const std::int64_t step = optimization.steps();
    const double loss = in_shares(workers, [&](std::int64_t worker) {
      return segmenter_loss(
          segmenter, Dice(options.seed * 1'000'003 + std::uint64_t(step * workers + worker)), kBatch / workers);
    });
    optimization.step(sitting.learning_rate(step));
    sitting.note(optimization.steps(), loss);
    if (sitting.save_is_due()) sitting.save(optimization.state());
  }
  sd::TensorMap half;
  for (const auto& [name, tensor] : optimization.averages()) half[name] = tensor.to(at::kHalf).contiguous();
  sd::write_safetensors(path, half);
}

void Overlap::add(const at::Tensor& asked, const at::Tensor& found) {
  for (std::int64_t segment = 0; segment < kSegments; ++segment) {
    const at::Tensor in_asked = asked.eq(segment), in_found = found.eq(segment);
    asked_[std::size_t(segment)] += in_asked.sum().item<std::int64_t>();
    found_[std::size_t(segment)] += in_found.sum().item<std::int64_t>();
    both_[std::size_t(segment)] += in_asked.logical_and(in_found).sum().item<std::int64_t>();
  }
}

double Overlap::of(std::int64_t segment) const {
  const auto i = std::size_t(segment);
  const std::int64_t either = asked_[i] + found_[i] - both_[i];
  return either == 0 ? std::numeric_limits<double>::quiet_NaN() : double(both_[i]) / double(either);
}

double Overlap::mean() const {
  double sum = 0;
  std::int64_t classes = 0;
  for (std::int64_t segment = 0; segment < kSegments; ++segment) {
    if (asked_[std::size_t(segment)] == 0) continue;
    sum += of(segment);
    ++classes;
  }
  return classes == 0 ? 0 : sum / double(classes);
}

}  // namespace weft::paper_cut
