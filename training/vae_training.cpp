#include "training/vae_training.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>

#include "training/contact_sheet.h"
#include "training/optimization.h"
#include "training/paper_cut_model.h"

namespace weft::paper_cut {
namespace {

constexpr int kCrop = 64;
constexpr double kKlWeight = 5e-5;

/// The corner of a crop: half of them lie around a pixel of the subject, some around the sun, the rest
/// anywhere.
std::pair<int, int> crop_corner(const Picture& picture, Dice& dice) {
  const float kind = dice.uniform(0, 1);
  const auto wanted = [&](Label label) {
    return kind < 0.55f ? label >= Label::House : label == Label::Sun || label == Label::Moon;
  };
  if (kind < 0.7f) {
    for (int attempt = 0; attempt < 200; ++attempt) {
      const int x = dice.below(kSize), y = dice.below(kSize);
      if (!wanted(picture.labels[std::size_t(y * kSize + x)])) continue;
      const auto corner = [&](int middle) {
        return std::clamp(middle - kCrop / 2 + dice.below(33) - 16, 0, kSize - kCrop);
      };
      return {corner(x), corner(y)};
    }
  }
  return {dice.below(kSize - kCrop + 1), dice.below(kSize - kCrop + 1)};
}

/// Two crops of each picture.
at::Tensor draw_crops(std::int64_t count, Dice& dice) {
  at::Tensor crops = at::empty({count, 3, kCrop, kCrop});
  for (std::int64_t i = 0; i < count; i += 2) {
    const Picture picture = render(random_scene(dice), dice.next());
    const at::Tensor whole = picture_tensor(picture);
    for (std::int64_t k = i; k < std::min(i + 2, count); ++k) {
      const auto [x, y] = crop_corner(picture, dice);
      crops[k].copy_(whole.narrow(1, y, kCrop).narrow(2, x, kCrop));
    }
  }
  return crops;
}

/// Absolute and squared error, and the absolute error of the differences between neighbours: edges are few
/// pixels, but what people see.
at::Tensor reconstruction_loss(const at::Tensor& found, const at::Tensor& wanted) {
  const at::Tensor error = found - wanted;
  const at::Tensor edges = error.diff(1, 2).abs().mean() + error.diff(1, 3).abs().mean();
  return error.abs().mean() + 4 * error.square().mean() + 0.5 * edges;
}

at::Tensor training_loss(const sd::AutoencoderKL& vae, const at::Tensor& pictures, std::uint64_t seed) {
  const Bfloat16 autocast;
  const at::Tensor moments = vae.encode_moments(pictures).to(at::kFloat);
  const at::Tensor mean = moments.narrow(1, 0, 4), log_variance = moments.narrow(1, 4, 4).clamp(-20, 10);
  const at::Tensor noise = at::randn(mean.sizes(), at::make_generator<at::CPUGeneratorImpl>(seed), mean.options());
  const at::Tensor found = vae.decode(mean + (0.5 * log_variance).exp() * noise).to(at::kFloat);
  const at::Tensor kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean();
  return reconstruction_loss(found, pictures) + kKlWeight * kl;
}

void preview(const Sitting& sitting, const sd::TensorMap& weights) {
  at::NoGradGuard no_grad;
  const sd::AutoencoderKL vae(vae_config(), sd::Weights(std::make_shared<sd::TensorMapSource>(weights, "the average")));
  const at::Tensor pictures = draw_pictures(32, 99, true);
  const at::Tensor found = vae.decode(vae.encoder.encode(pictures)).clamp(-1, 1);
  fmt::print("vae: {:.2f} dB on 32 unseen pictures\n", psnr(found, pictures));
  write_sheet(sitting.folder() / "vae-preview.png",
      at::cat({pictures.narrow(0, 0, 8), found.narrow(0, 0, 8), pictures.narrow(0, 8, 8), found.narrow(0, 8, 8)}), 8);
}

}  // namespace

at::Tensor picture_tensor(const Picture& picture) {
  const at::Tensor bytes =
      torch::from_blob(const_cast<std::uint8_t*>(picture.rgb.data()), {kSize, kSize, 3}, at::kByte);
  return (bytes.permute({2, 0, 1}).to(at::kFloat) / 127.5 - 1).contiguous();
}

at::Tensor draw_pictures(std::int64_t count, std::uint64_t seed, bool held_out_scenes) {
  Dice dice(seed);
  std::vector<Scene> held;
  for (const Scene& scene : all_scenes()) {
    if (held_out(scene)) held.push_back(scene);
  }
  std::vector<at::Tensor> pictures;
  for (std::int64_t i = 0; i < count; ++i) {
    const Scene scene = held_out_scenes ? dice.pick(std::span<const Scene>(held)) : random_scene(dice);
    pictures.push_back(picture_tensor(render(scene, dice.next())));
  }
  return at::stack(pictures);
}

double psnr(const at::Tensor& a, const at::Tensor& b) {
  return 10 * std::log10(4 / (a - b).square().mean().item<double>());
}

void train_vae(const SittingOptions& options, const VAETrainingOptions& vae_options) {
  Sitting sitting("vae", options);
  const auto source = std::make_shared<sd::ParameterSource>(options.seed, Optimization::values_in(sitting.saved()));
  const sd::AutoencoderKL vae(vae_config(), sd::Weights(source));
  if (sitting.saved().empty()) {  // begin with little noise in the latents: exp(-6 / 2) = 0.05
    at::NoGradGuard no_grad;
    for (const auto& [name, tensor] : source->parameters()) {
      if (name == "quant_conv.bias") tensor.narrow(0, 4, 4).fill_(-6);
    }
  }
  if (vae_options.decoder_only) {
    for (const auto& [name, tensor] : source->parameters()) {
      if (name.starts_with("encoder.") || name.starts_with("quant_conv.")) tensor.set_requires_grad(false);
    }
  }
  Optimization optimization(source->parameters(), {}, sitting.saved());
  while (!sitting.done()) {
    const std::int64_t step = optimization.steps();
    Dice dice(options.seed * 1'000'003 + std::uint64_t(step));
    const at::Tensor pictures = sitting.progress() < vae_options.whole_from
        ? draw_crops(vae_options.crops, dice)
        : draw_pictures(vae_options.crops / 4, dice.next());
    const double loss = in_shares(vae_options.workers, [&](std::int64_t worker) {
      const at::Tensor share = pictures.chunk(vae_options.workers)[worker];
      return training_loss(vae, share, std::uint64_t(step * vae_options.workers + worker));
    });
    optimization.step(sitting.learning_rate(step));
    sitting.note(optimization.steps(), loss);
    if (sitting.save_is_due()) {
      sitting.save(optimization.state());
      preview(sitting, optimization.averages());
    }
  }
}

}  // namespace weft::paper_cut
