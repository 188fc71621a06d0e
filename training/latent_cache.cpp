#include "training/latent_cache.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "nodes/sd/files/safetensors.h"
#include "training/optimization.h"
#include "training/paper_cut_model.h"
#include "training/renderer.h"
#include "training/sitting.h"
#include "training/vae_training.h"

namespace weft::paper_cut {
namespace {

constexpr std::int64_t kCell = 8, kCells = kSize / kCell;
constexpr const char* kFiles[] = {"maps.safetensors", "masked.safetensors"};
constexpr std::int64_t kChannels[] = {kSegments, 1 + 4};

struct Drawn {
  Scene scene;
  Picture picture;
};

/// The picture of row `index`: always the same one for a seed.
Drawn draw_row(std::uint64_t seed, std::int64_t index) {
  Dice dice(seed + std::uint64_t(index) * 7919);
  const Scene scene = random_scene(dice);
  return {scene, render(scene, dice.next())};
}

sd::VAEEncoder encoder(const std::filesystem::path& folder) {
  return {vae_config(),
      sd::Weights(
          std::make_shared<sd::TensorMapSource>(trained_vae(folder), "the trained autoencoder", at::kBFloat16))};
}

/// Calls chunk(from, size) for all of 0 to count, several at once.
void in_chunks(
    std::int64_t count, std::int64_t threads, const std::function<void(std::int64_t from, std::int64_t size)>& chunk) {
  constexpr std::int64_t kChunk = 16;
  std::atomic<std::int64_t> next = 0;
  const auto work = [&] {
    at::NoGradGuard no_grad;
    for (std::int64_t from = next.fetch_add(kChunk); from < count; from = next.fetch_add(kChunk))
      chunk(from, std::min(kChunk, count - from));
  };
  std::vector<std::thread> workers;
  for (std::int64_t i = 0; i < threads; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
}

/// Pixel coordinates 0 to 127 down and across.
std::pair<at::Tensor, at::Tensor> coordinates() {
  return {at::arange(kSize, at::kFloat).view({kSize, 1}), at::arange(kSize, at::kFloat).view({1, kSize})};
}

at::Tensor rectangle(float top, float left, float bottom, float right) {
  const auto [y, x] = coordinates();
  return ((y >= top) & (y < bottom) & (x >= left) & (x < right)).to(at::kFloat).unsqueeze(0);
}

at::Tensor ellipse(float cy, float cx, float ry, float rx) {
  const auto [y, x] = coordinates();
  return ((((y - cy) / ry).square() + ((x - cx) / rx).square()) < 1).to(at::kFloat).unsqueeze(0);
}

}  // namespace

Scene scene_of(const at::Tensor& row) {
  std::array<int, kAttributes> values;
  for (int a = 0; a < kAttributes; ++a) values[std::size_t(a)] = int(row[a].item<std::int64_t>());
  return Scene::from_values(values);
}

sd::TensorMap trained_vae(const std::filesystem::path& folder) {
  return Optimization::averages_in(read_tensors(folder / "vae.safetensors"));
}

void cache_latents(const std::filesystem::path& folder, std::int64_t count, std::uint64_t seed, std::int64_t threads) {
  const sd::VAEEncoder vae = encoder(folder);
  at::Tensor latents = at::empty({count, 4, kCells, kCells}), scenes = at::empty({count, kAttributes}, at::kLong);
  in_chunks(count, threads, [&](std::int64_t from, std::int64_t size) {
    std::vector<at::Tensor> pictures;
    for (std::int64_t i = from; i < from + size; ++i) {
      const Drawn drawn = draw_row(seed, i);
      pictures.push_back(picture_tensor(drawn.picture));
      for (int a = 0; a < kAttributes; ++a) scenes[i][a] = drawn.scene.values()[std::size_t(a)];
    }
    latents.narrow(0, from, size).copy_(vae.encode(at::stack(pictures)));
  });
  const double deviation = latents.std().item<double>();
  fmt::print("{} latents, deviation {:.4f}, mean {:.4f}\n", count, deviation, latents.mean().item<double>());
  sd::write_safetensors(folder / "latents.safetensors",
      {{"latents", latents.to(at::kHalf)}, {"scenes", scenes},
          {"scaling_factor", torch::tensor({1 / deviation}, at::kDouble)}});
}

Latents cached_latents(const std::filesystem::path& folder) {
  const sd::TensorMap file = read_tensors(folder / "latents.safetensors");
  return {file.at("latents").to(at::kFloat) * file.at("scaling_factor").item<double>(), file.at("scenes")};
}

double measured_scaling_factor(const std::filesystem::path& folder) {
  return sd::SafetensorsFile::open(folder / "latents.safetensors").tensor("scaling_factor").item<double>();
}

void cache_concat(
    const std::filesystem::path& folder, Concat kind, std::int64_t count, std::uint64_t seed, std::int64_t threads) {
  const sd::VAEEncoder vae = encoder(folder);
  const double scale = measured_scaling_factor(folder);
  at::Tensor all = at::empty({count, kChannels[int(kind)], kCells, kCells}, at::kHalf);
  in_chunks(count, threads, [&](std::int64_t from, std::int64_t size) {
    std::vector<at::Tensor> maps, pictures, masks;
    for (std::int64_t i = from; i < from + size; ++i) {
      const Picture picture = draw_row(seed, i).picture;
      const at::Tensor labels = labels_of(picture);
      if (kind == Concat::Map) {
        maps.push_back(map_of(labels));
        continue;
      }
      Dice dice(seed + std::uint64_t(i) * 104729 + 1);
      pictures.push_back(picture_tensor(picture));
      masks.push_back(random_mask(labels, dice));
    }
    const at::Tensor part = kind == Concat::Map
        ? at::stack(maps)
        : at::cat({mask_of(at::stack(masks)),
                      vae.encode(without_masked(at::stack(pictures), at::stack(masks))).to(at::kFloat) * scale},
              1);
    all.narrow(0, from, size).copy_(part);
  });
  sd::write_safetensors(folder / kFiles[int(kind)], {{"concat", all}});
}

at::Tensor cached_concat(const std::filesystem::path& folder, Concat kind) {
  return read_tensors(folder / kFiles[int(kind)]).at("concat").to(at::kFloat);
}

at::Tensor labels_of(const Picture& picture) {
  at::Tensor tensor = at::empty({kSize, kSize}, at::kLong);
  std::transform(picture.labels.begin(), picture.labels.end(), tensor.mutable_data_ptr<std::int64_t>(),
      [](Label label) { return std::int64_t(label); });
  return tensor;
}

at::Tensor map_of(const at::Tensor& labels) {
  const at::Tensor classes = at::one_hot(labels, kSegments).permute({2, 0, 1}).to(at::kFloat);
  return at::avg_pool2d(classes.unsqueeze(0), {kCell, kCell}).squeeze(0);
}

at::Tensor around_subject(const at::Tensor& labels, std::array<float, 4> room) {
  const auto [top, left, bottom, right] = room;
  const at::Tensor places = (labels >= std::int64_t(Label::House)).nonzero();
  if (places.size(0) == 0) return rectangle(64 - top, 40 - left, 100 + bottom, 90 + right);
  const at::Tensor low = std::get<0>(places.min(0)), high = std::get<0>(places.max(0));
  const auto at = [](const at::Tensor& point, std::int64_t i) { return float(point[i].item<std::int64_t>()); };
  return rectangle(at(low, 0) - top, at(low, 1) - left, at(high, 0) + bottom, at(high, 1) + right);
}

at::Tensor random_mask(const at::Tensor& labels, Dice& dice) {
  const float kind = dice.uniform(0, 1);
  if (kind < 0.35f) {
    const auto room = [&dice] { return dice.uniform(2, 20); };
    return around_subject(labels, {room(), room(), room(), room()});
  }
  if (kind < 0.65f) {
    const float top = dice.uniform(0, 90), left = dice.uniform(0, 90);
    return rectangle(top, left, top + dice.uniform(24, 80), left + dice.uniform(24, 80));
  }
  if (kind < 0.9f)
    return ellipse(dice.uniform(20, 108), dice.uniform(20, 108), dice.uniform(14, 44), dice.uniform(14, 44));
  const float from = dice.uniform(30, 98);  // one side of the picture
  if (dice.chance(0.5f)) return dice.chance(0.5f) ? rectangle(0, 0, from, kSize) : rectangle(from, 0, kSize, kSize);
  return dice.chance(0.5f) ? rectangle(0, 0, kSize, from) : rectangle(0, from, kSize, kSize);
}

at::Tensor mask_of(const at::Tensor& mask) {
  return at::upsample_bilinear2d(mask, {kCells, kCells}, /*align_corners=*/false).round();
}

at::Tensor without_masked(const at::Tensor& pictures, const at::Tensor& masks) {
  return pictures * (1 - masks.round());
}

}  // namespace weft::paper_cut
