#include "training/variant_evaluation.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>

#include "nodes/sd/families/checkpoint.h"
#include "training/held_out_renders.h"
#include "training/unet_training.h"
#include "training/vae_training.h"
#include "training/variant_training.h"

namespace weft::paper_cut {
namespace {

using nlohmann::json;

constexpr std::int64_t kChunk = 20;
constexpr std::int64_t kShown = 16;         // rows of pictures to look at
constexpr float kRoom = 12;            // pixels of room between a subject and the mask's border
constexpr double kLevels = 255.0 / 2;  // of a byte, for values in [-1, 1]

json row(const Tally& tally) { return {{"right", tally.right}, {"of", tally.of}, {"share", tally.share()}}; }

void count(Tally& tally, bool right) {
  tally.right += right;
  tally.of += 1;
}

/// Calls `chunk(from, size)` for all of 0 to count - 1.
void in_chunks(std::int64_t count, const std::function<void(std::int64_t from, std::int64_t size)>& chunk) {
  for (std::int64_t from = 0; from < count; from += kChunk) chunk(from, std::min(kChunk, count - from));
}

DrawOptions beginning_at(DrawOptions options, std::int64_t picture) {
  options.seed += std::uint64_t(picture);
  return options;
}

/// Both halves of a model's autoencoder.
struct Autoencoder {
  explicit Autoencoder(const sd::Checkpoint& files)
      : encoder(files.vae_encoder(at::kCPU, at::kFloat)), decoder(files.vae_decoder(at::kCPU, at::kFloat)) {}

  at::Tensor there_and_back(const at::Tensor& pictures) const {
    return decoder.decode(encoder.encode(pictures)).clamp(-1, 1);
  }

  sd::VAEEncoder encoder;
  sd::VAEDecoder decoder;
};

// ---- inpainting ----

/// The scene with the subject of a later one, of another kind, that can stand there.
Scene with_other_subject(std::size_t index, const std::vector<Scene>& scenes) {
  for (std::size_t i = 1; i < scenes.size(); ++i) {
    const Scene& other = scenes[(index + i) % scenes.size()];
    Scene asked = scenes[index];
    asked.subject = other.subject;
    asked.color = other.color;
    if (asked.subject != scenes[index].subject && consistent(asked)) return asked;
  }
  throw std::logic_error("no scene has another subject");
}

std::vector<Scene> with_subjects(std::vector<Scene> scenes, std::int64_t count) {
  std::erase_if(scenes, [](const Scene& scene) { return scene.subject == Subject::None; });
  scenes.resize(std::min(scenes.size(), std::size_t(count)));
  return scenes;
}

/// Mean values over parts of pictures, gathered over many.
struct Mean {
  double sum = 0, weight = 0;

  /// values and weights of one shape.
  void add(const at::Tensor& values, const at::Tensor& weights) {
    sum += (values * weights).sum().item<double>();
    weight += weights.sum().item<double>();
  }
  double value() const { return weight == 0 ? 0 : sum / weight; }
};

/// Adds the steps between neighbours of which the mask [N, 1, H, W] selects one: [N, 3, H, W] in levels of a
/// byte.
void add_steps_across(Mean& mean, const at::Tensor& pictures, const at::Tensor& masks) {
  for (const std::int64_t axis : {2, 3})
    mean.add(pictures.diff(1, axis).abs().mean(1, /*keepdim=*/true) * kLevels, masks.diff(1, axis).abs());
}

double decibels(const Mean& squared_error) { return 10 * std::log10(4 / squared_error.value()); }

// ---- segmentation ----

at::Tensor maps_of(const at::Tensor& labels) {
  std::vector<at::Tensor> maps;
  for (const at::Tensor& each : labels.unbind()) maps.push_back(map_of(each));
  return at::stack(maps);
}

constexpr std::array<const char*, kSegments> kSegmentNames = {"sky", "sun", "moon", "hills", "mountains", "sea", "snow",
    "desert", "shore", "house", "tree", "boat", "fox", "arctic fox"};

/// Agreement of maps, over all of them and map by map.
struct Agreement {
  Overlap all;
  double sum_of_means = 0;
  std::int64_t maps = 0;

  void add(const at::Tensor& asked, const at::Tensor& found) {
    all.add(asked, found);
    for (std::int64_t i = 0; i < asked.size(0); ++i) {
      Overlap one;
      one.add(asked[i], found[i]);
      sum_of_means += one.mean();
    }
    maps += asked.size(0);
  }

  json report() const {
    json classes;
    for (std::int64_t segment = 0; segment < kSegments; ++segment)
      classes[kSegmentNames[std::size_t(segment)]] = all.of(segment);
    return {{"mean_iou", all.mean()}, {"mean_of_each_map", sum_of_means / double(maps)}, {"maps", maps},
        {"classes", classes}};
  }
};

}  // namespace

Measured measure_labels(
    const std::filesystem::path& model, const Judge& judge, std::int64_t seeds, const DrawOptions& options) {
  const at::NoGradGuard no_grad;
  const auto encoder = sd::Checkpoint::open(model).label_encoder();
  const PaperCutModel paper_cut = PaperCutModel::open(model);
  const auto context = [&](std::int64_t label) { return encoder->context(std::array{label}); };
  const std::int64_t unconditional = encoder->unconditional().value();
  json report;
  Tally all;
  std::vector<at::Tensor> shown;
  for (std::int64_t label = 0; label < unconditional; ++label) {
    const at::Tensor pictures = paper_cut.draw({.positive = {.context = context(label)},
                                                   .negative = {.context = context(unconditional)},
                                                   .latent = empty_latents(seeds)},
        options);
    Tally tally;
    for (const Scene& scene : judge.read(pictures)) count(tally, label_of_scene(scene) == label);
    all.right += tally.right;
    all.of += tally.of;
    report[encoder->name(label)] = row(tally);
    shown.push_back(pictures);
  }
  report["all"] = row(all);
  return {report, at::cat(shown)};
}

Measured measure_inpainting(const std::filesystem::path& model, const std::filesystem::path& unet, const Judge& judge,
    std::int64_t most, const DrawOptions& options) {
  const at::NoGradGuard no_grad;
  const Autoencoder autoencoder(sd::Checkpoint::open(model));
  const PaperCutModel inpainting = PaperCutModel::open(model, unet);
  const Renders renders = renders_of(with_subjects(held_out_scenes(1'000'000), most));
  std::vector<Scene> asked;
  for (std::size_t i = 0; i < renders.scenes.size(); ++i) asked.push_back(with_other_subject(i, renders.scenes));
  const std::vector<std::string> captions = captions_of(asked);

  Tally subject, color, both;
  Mean outside, outside_of_autoencoder, outside_composited, seams, seams_of_render, seams_of_autoencoder;
  std::vector<at::Tensor> shown;
  in_chunks(std::int64_t(asked.size()), [&](std::int64_t from, std::int64_t size) {
    const at::Tensor pictures = renders.pictures.narrow(0, from, size);
    std::vector<at::Tensor> each;
    for (std::int64_t i = from; i < from + size; ++i)
      each.push_back(around_subject(renders.labels[i], {kRoom, kRoom, kRoom, kRoom}));
    const at::Tensor masks = at::stack(each), kept = 1 - masks;
    sd::ConditioningEntry positive{
        .context = inpainting.encode({captions.begin() + from, captions.begin() + from + size})};
    sd::ConditioningEntry negative{.context = inpainting.encode({""})};
    positive.concat_mask = negative.concat_mask = masks;
    positive.concat_latent = negative.concat_latent = autoencoder.encoder.encode(without_masked(pictures, masks));
    const at::Tensor decoded = inpainting.draw({.positive = positive,
                                                   .negative = negative,
                                                   .latent = autoencoder.encoder.encode(pictures),
                                                   .noise_mask = masks},
        beginning_at(options, from));
    const at::Tensor composited = pictures * kept + decoded * masks, coded = autoencoder.there_and_back(pictures),
                     everywhere = kept.expand_as(pictures);
    const std::vector<Scene> read = judge.read(composited);
    for (std::int64_t i = 0; i < size; ++i) {
      const Scene& wanted = asked[std::size_t(from + i)];
      const Scene& found = read[std::size_t(i)];
      count(subject, found.subject == wanted.subject);
      if (wanted.color != Color::None) count(color, found.color == wanted.color);
      count(both, found.subject == wanted.subject && (wanted.color == Color::None || found.color == wanted.color));
    }
    outside.add((decoded - pictures).square(), everywhere);
    outside_of_autoencoder.add((coded - pictures).square(), everywhere);
    outside_composited.add((composited - pictures).abs(), everywhere);
    add_steps_across(seams, composited, masks);
    add_steps_across(seams_of_render, pictures, masks);
    add_steps_across(seams_of_autoencoder, pictures * kept + coded * masks, masks);
    shown.push_back(at::stack({pictures, pictures * kept, composited}, 1).flatten(0, 1));
  });
  const json report{{"subject", row(subject)}, {"color", row(color)}, {"all_that_was_asked", row(both)},
      {"outside_the_mask",
          {{"psnr", decibels(outside)}, {"psnr_of_the_autoencoder_alone", decibels(outside_of_autoencoder)},
              {"mean_difference_after_compositing", outside_composited.value()}}},
      {"mean_step_across_the_border_in_levels_of_255",
          {{"composited", seams.value()}, {"render_itself", seams_of_render.value()},
              {"autoencoded_render_composited", seams_of_autoencoder.value()}}}};
  return {report, at::cat(shown).narrow(0, 0, std::min(3 * kShown, 3 * std::int64_t(asked.size())))};
}

Measured measure_segmentation(const std::filesystem::path& model, const std::filesystem::path& unet,
    const Segmenter& segmenter, const Judge& judge, std::int64_t most, const DrawOptions& options) {
  const at::NoGradGuard no_grad;
  const PaperCutModel synthesis = PaperCutModel::open(model, unet);
  const Renders renders = held_out_renders(most);
  const std::vector<std::string> captions = captions_of(renders.scenes);
  Agreement with_text, without_text;
  std::vector<Scene> read;
  std::vector<at::Tensor> shown;
  in_chunks(most, [&](std::int64_t from, std::int64_t size) {
    const at::Tensor labels = renders.labels.narrow(0, from, size), maps = maps_of(labels);
    const sd::ConditioningEntry negative{.context = synthesis.encode({""}), .concat_map = maps};
    const auto draw = [&](const std::vector<std::string>& texts, double cfg) {
      DrawOptions own = beginning_at(options, from);
      own.cfg = cfg;
      return synthesis.draw({.positive = {.context = synthesis.encode(texts), .concat_map = maps},
                                .negative = negative,
                                .latent = empty_latents(size)},
          own);
    };
    const at::Tensor told = draw({captions.begin() + from, captions.begin() + from + size}, options.cfg),
                     untold = draw({""}, 1);
    with_text.add(labels, segmenter.read(told));
    without_text.add(labels, segmenter.read(untold));
    const std::vector<Scene> found = judge.read(told);
    read.insert(read.end(), found.begin(), found.end());
    shown.push_back(at::stack({renders.pictures.narrow(0, from, size), told, untold}, 1).flatten(0, 1));
  });
  json attributes;
  const auto tallies = tally(renders.scenes, read);
  for (std::size_t a = 0; a < kAttributes; ++a) attributes[std::string(kAttributeNames[a])] = row(tallies[a]);
  return {{{"with_full_caption", with_text.report()}, {"without_text", without_text.report()}, {"judge", attributes}},
      at::cat(shown).narrow(0, 0, std::min(3 * kShown, 3 * most))};
}

json measure_segmenter(const std::filesystem::path& model, const Segmenter& segmenter, std::int64_t most) {
  const at::NoGradGuard no_grad;
  const Autoencoder autoencoder(sd::Checkpoint::open(model));
  const Renders renders = held_out_renders(most);
  Agreement plain, coded;
  in_chunks(most, [&](std::int64_t from, std::int64_t size) {
    const at::Tensor pictures = renders.pictures.narrow(0, from, size), labels = renders.labels.narrow(0, from, size);
    plain.add(labels, segmenter.read(pictures));
    coded.add(labels, segmenter.read(autoencoder.there_and_back(pictures)));
  });
  return {{"renders", plain.report()}, {"autoencoded_renders", coded.report()}};
}

}  // namespace weft::paper_cut
