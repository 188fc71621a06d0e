#include "training/judge.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <numeric>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/layers.h"
#include "training/optimization.h"
#include "training/renderer.h"
#include "training/vae_training.h"
#include "training/worsening.h"

namespace weft::paper_cut {
namespace {

constexpr std::int64_t kChoices = std::accumulate(kAttributeSizes.begin(), kAttributeSizes.end(), 0);
constexpr std::int64_t kBatch = 32;

/// By up to three pixels in each direction.
at::Tensor shifted(const at::Tensor& pictures, Dice& dice) {
  const std::int64_t x = dice.below(7), y = dice.below(7);
  return at::replication_pad2d(pictures, {3, 3, 3, 3}).narrow(2, y, kSize).narrow(3, x, kSize);
}

at::Tensor judge_loss(const Judge& judge, Dice dice) {
  std::vector<at::Tensor> pictures;
  std::vector<std::vector<std::int64_t>> values(kAttributes);
  for (std::int64_t i = 0; i < kBatch / 2; ++i) {
    const Scene scene = random_scene(dice);
    pictures.push_back(picture_tensor(render(scene, dice.next())));
    for (int a = 0; a < kAttributes; ++a) values[std::size_t(a)].push_back(scene.values()[std::size_t(a)]);
  }
  const at::Tensor logits = judge.logits(worsened(shifted(at::stack(pictures), dice), dice));
  const auto choices =
      logits.split_with_sizes(std::vector<std::int64_t>(kAttributeSizes.begin(), kAttributeSizes.end()), 1);
  at::Tensor loss = at::zeros({});
  for (std::size_t a = 0; a < kAttributes; ++a)
    loss = loss + at::cross_entropy_loss(choices[a], torch::tensor(values[a]));
  return loss;
}

}  // namespace

struct Judge::Parts {
  explicit Parts(const sd::Weights& root)
      : conv1(root / "conv1", 3, 24, {.stride = 2}),
        conv2(root / "conv2", 24, 48, {.stride = 2}),
        conv3(root / "conv3", 48, 96),
        conv4(root / "conv4", 96, 96, {.stride = 2}),
        norm1(root / "norm1", 8, 24, 1e-5),
        norm2(root / "norm2", 8, 48, 1e-5),
        norm3(root / "norm3", 8, 96, 1e-5),
        norm4(root / "norm4", 8, 96, 1e-5),
        choices(root / "choices", 96 * 8 * 8, kChoices) {}

  sd::Conv2d conv1, conv2, conv3, conv4;
  sd::GroupNorm norm1, norm2, norm3, norm4;
  sd::Linear choices;
};

Judge::Judge(const sd::Weights& weights) : parts_(std::make_unique<Parts>(weights)) {}
Judge::~Judge() = default;
Judge::Judge(Judge&&) noexcept = default;

Judge Judge::open(const std::filesystem::path& path) {
  return Judge(sd::Weights(std::make_shared<sd::TensorMapSource>(read_tensors(path), path.string())));
}

at::Tensor Judge::logits(const at::Tensor& pictures) const {
  const Parts& p = *parts_;
  at::Tensor h = at::avg_pool2d(pictures, {2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
  h = p.norm1.silu(p.conv1(h));
  h = p.norm2.silu(p.conv2(h));
  h = p.norm3.silu(p.conv3(h));
  h = p.norm4.silu(p.conv4(h));
  return p.choices(h.contiguous().flatten(1));
}

std::vector<Scene> Judge::read(const at::Tensor& pictures) const {
  at::NoGradGuard no_grad;
  const auto choices =
      logits(pictures).split_with_sizes(std::vector<std::int64_t>(kAttributeSizes.begin(), kAttributeSizes.end()), 1);
  std::vector<Scene> scenes;
  for (std::int64_t i = 0; i < pictures.size(0); ++i) {
    std::array<int, kAttributes> values;
    for (std::size_t a = 0; a < kAttributes; ++a) values[a] = int(choices[a][i].argmax().item<std::int64_t>());
    scenes.push_back(Scene::from_values(values));
  }
  return scenes;
}

void train_judge(const SittingOptions& options, const std::filesystem::path& path, std::int64_t workers) {
  Sitting sitting("judge", options);
  const auto source = std::make_shared<sd::ParameterSource>(options.seed, Optimization::values_in(sitting.saved()));
  const Judge judge{sd::Weights(source)};
  Optimization optimization(source->parameters(), {.average = 0.99}, sitting.saved());
  while (!sitting.done()) {
    const std::int64_t step = optimization.steps();
    const double loss = in_shares(workers, [&](std::int64_t worker) {
      return judge_loss(judge, Dice(options.seed * 1'000'003 + std::uint64_t(step * workers + worker)));
    });
    optimization.step(sitting.learning_rate(step));
    sitting.note(optimization.steps(), loss);
    if (sitting.save_is_due()) sitting.save(optimization.state());
  }
  sd::TensorMap half;
  for (const auto& [name, tensor] : optimization.averages()) half[name] = tensor.to(at::kHalf).contiguous();
  sd::write_safetensors(path, half);
}

bool states(const Scene& scene, int attribute) {
  const auto name = kAttributeNames[std::size_t(attribute)];
  return name == "time" || name == "ground" || scene.values()[std::size_t(attribute)] != 0;
}

std::array<Tally, kAttributes> tally(const std::vector<Scene>& said, const std::vector<Scene>& read) {
  std::array<Tally, kAttributes> tallies;
  for (std::size_t i = 0; i < said.size(); ++i) {
    for (int a = 0; a < kAttributes; ++a) {
      if (!states(said[i], a)) continue;
      tallies[std::size_t(a)].of += 1;
      tallies[std::size_t(a)].right += said[i].values()[std::size_t(a)] == read[i].values()[std::size_t(a)];
    }
  }
  return tallies;
}

}  // namespace weft::paper_cut
