// latent.batch, latent.join, latent.repeat, latent.pick, latent.part, latent.batch_noise: latents into a batch, and some out
// of it.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "nodes/latent/nodes.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::latent {
namespace {

/// Whether all were picked from one batch (or from batches of one size, whose noise is the same): then they keep their
/// places. Others become a batch of their own.
bool are_of_one_batch(const std::vector<const Latent*>& latents) {
  return std::ranges::all_of(latents, [&](const Latent* latent) {
    return !latent->batch_index.empty() && latent->batch_size == latents.front()->batch_size;
  });
}

/// The places of a batch, `times` over: each time they go on after the highest, as ComfyUI numbers them.
std::vector<std::int64_t> repeated(const std::vector<std::int64_t>& places, std::int64_t times) {
  if (places.empty()) return {};
  const auto [lowest, highest] = std::ranges::minmax(places);
  std::vector<std::int64_t> all;
  for (std::int64_t time = 0; time < times; ++time)
    for (const std::int64_t place : places) all.push_back(place + time * (highest - lowest + 1));
  return all;
}

class BatchLatents final : public Node {
  Inputs<Latent> latents_{*this, "latents", {.tip = "in this order, all of one size; each may be a batch itself"}};
  Output<Latent> result_{*this, "latent", {.tip = "all of them as one batch, without masks"}};

  void run(RunContext& ctx) const override {
    const std::vector<const Latent*> latents = ctx.all(latents_);
    std::vector<torch::Tensor> samples;
    std::vector<std::int64_t> places;
    for (const Latent* latent : latents) {
      if (latent->samples.sizes().slice(1) != latents.front()->samples.sizes().slice(1))
        throw NodeError(fmt::format("a latent of {} cannot stand in a batch with one of {}", size_of(*latent),
                            size_of(*latents.front())),
            "resize it first");
      samples.push_back(latent->samples);
      places.insert(places.end(), latent->batch_index.begin(), latent->batch_index.end());
    }
    Latent batch{.samples = torch::cat(samples), .space = latents.front()->space};
    if (are_of_one_batch(latents)) {
      batch.batch_index = std::move(places);
      batch.batch_size = latents.front()->batch_size;
    }
    ctx.set(result_, std::move(batch));
  }

  static std::string size_of(const Latent& latent) {
    return fmt::format("{} x {} ({} channels)", latent.samples.size(3), latent.samples.size(2), latent.samples.size(1));
  }
};

/// The places that a latent's items have; 0, 1, 2 ... where nobody said it.
std::vector<std::int64_t> places_of(const Latent& latent) {
  if (!latent.batch_index.empty()) return latent.batch_index;
  std::vector<std::int64_t> places(static_cast<std::size_t>(latent.samples.size(0)));
  std::iota(places.begin(), places.end(), 0);
  return places;
}

class JoinLatents final : public Node {
  Inputs<Latent> latents_{*this, "latents",
      {.tip = "in this order; cropped and resized to the size of the first; each may be a batch itself"}};
  Output<Latent> result_{*this, "latent", {.tip = "all of them as one batch, with the mask of the first"}};

  void run(RunContext& ctx) const override {
    const std::vector<const Latent*> latents = ctx.all(latents_);
    Latent batch = *latents.front();
    batch.batch_index.clear();
    batch.batch_size = 0;
    std::vector<torch::Tensor> samples;
    for (const Latent* latent : latents) {
      const torch::Tensor& first = latents.front()->samples;
      if (latent->samples.size(1) != first.size(1))
        throw NodeError(fmt::format("a latent of {} channels cannot stand in a batch with one of {}",
                            latent->samples.size(1), first.size(1)),
            "give latents of one kind of model");
      const bool same = latent->samples.sizes().slice(1) == first.sizes().slice(1);
      samples.push_back(same
              ? latent->samples
              : sd::resize(latent->samples, first.size(3), first.size(2), sd::Resize::Bilinear, sd::Crop::Center));
      const std::vector<std::int64_t> places = places_of(*latent);
      batch.batch_index.insert(batch.batch_index.end(), places.begin(), places.end());
    }
    batch.samples = torch::cat(samples);
    if (batch.noise_mask.defined() && batch.noise_mask.size(0) > 1)
      batch.noise_mask = sd::repeat_to_batch(batch.noise_mask, batch.samples.size(0));
    ctx.set(result_, std::move(batch));
  }
};

class LatentPart final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a batch"}};
  Param<std::int64_t> index_{*this, "index",
      {.init = 0,
          .min = -16384,
          .max = 16384,
          .tip = "the first is 0, the last -1; beyond the last the last is taken, before the first the first"}};
  Param<std::int64_t> count_{
      *this, "count", {.init = 1, .min = 1, .max = 4096, .tip = "how many, from that one on; as many as there are"}};
  Output<Latent> result_{*this, "latent", {.tip = "those latents"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    const std::int64_t all = latent.samples.size(0);
    const std::int64_t wanted = ctx[index_] < 0 ? ctx[index_] + all : ctx[index_];
    const std::int64_t first = std::clamp<std::int64_t>(wanted, 0, all - 1), end = std::min(all, first + ctx[count_]);
    if (first != wanted)
      ctx.warn(fmt::format("there is no latent {} in a batch of {}; number {} is taken", ctx[index_], all, first));
    const std::vector<std::int64_t> places = places_of(latent);
    latent.batch_index.assign(places.begin() + first, places.begin() + end);
    latent.samples = latent.samples.slice(0, first, end);
    if (latent.noise_mask.defined() && latent.noise_mask.size(0) > 1)
      latent.noise_mask = sd::repeat_to_batch(latent.noise_mask, all).slice(0, first, end);
    ctx.set(result_, std::move(latent));
  }
};

class BatchNoise final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a batch"}};
  Param<std::string> noise_{*this, "noise",
      {.init = "fixed",
          .choices = {"random", "fixed"},
          .tip = "fixed: all start from the first one's noise; random: each from its own"}};
  Output<Latent> result_{*this, "latent", {.tip = "the same, for a sampler to draw that noise"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    if (ctx[noise_] == "random") {
      latent.batch_index.clear();
      latent.batch_size = 0;
    } else {
      const std::int64_t first = latent.batch_index.empty() ? 0 : latent.batch_index.front();
      latent.batch_index.assign(static_cast<std::size_t>(latent.samples.size(0)), first);
    }
    ctx.set(result_, std::move(latent));
  }
};

class RepeatLatent final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "one latent, or a batch"}};
  Param<std::int64_t> times_{
      *this, "times", {.init = 2, .min = 1, .max = 4096, .tip = "how many times the batch is repeated"}};
  Output<Latent> result_{*this, "latent", {.tip = "the longer batch"}};

  void run(RunContext& ctx) const override {
    Latent latent = ctx[latent_];
    latent.samples = latent.samples.repeat({ctx[times_], 1, 1, 1});
    if (latent.noise_mask.defined() && latent.noise_mask.size(0) > 1)
      latent.noise_mask = latent.noise_mask.repeat({ctx[times_], 1, 1, 1});
    latent.batch_index = repeated(latent.batch_index, ctx[times_]);
    ctx.set(result_, std::move(latent));
  }
};

class PickLatent final : public Node {
  Input<Latent> latent_{*this, "latent", {.tip = "a batch"}};
  Param<std::int64_t> index_{*this, "index", {.init = 0, .min = 0, .max = 4095, .tip = "the first is 0"}};
  Output<Latent> result_{*this, "latent", {.tip = "its noise will be that of its place in the batch"}};

  void run(RunContext& ctx) const override {
    const Latent& all = ctx[latent_];
    const std::int64_t index = ctx[index_], count = all.samples.size(0);
    if (index >= count)
      throw NodeError(fmt::format("there is no latent {} in a batch of {}", index, count),
          fmt::format("give an index from 0 to {}", count - 1));
    const bool whole = all.batch_index.empty();
    Latent one{.samples = all.samples.narrow(0, index, 1),
        .batch_index = {whole ? index : all.batch_index[static_cast<std::size_t>(index)]},
        .batch_size = whole ? count : all.batch_size,
        .space = all.space};
    if (all.noise_mask.defined())
      one.noise_mask = all.noise_mask.size(0) > 1 ? all.noise_mask.narrow(0, index, 1) : all.noise_mask;
    ctx.set(result_, std::move(one));
  }
};

}  // namespace

void add_batch(Registry& registry) {
  registry.add<BatchLatents>("latent.batch",
      {.title = "Batch Latents",
          .menu = "Latent/Batch",
          .doc = "Joins latents into one batch, to decode or to show them together. Picked ones keep their noise.",
          .revision = 2,
          .bytes_per_pixel = sd::kLatentBytesPerPixel});
  registry.add<JoinLatents>("latent.join",
      {.title = "Join Latents",
          .menu = "Latent/Batch",
          .doc =
              "Joins latents into one batch in which each counts its places, and so its noise, by itself: two latents "
              "of one picture get the same noise. ComfyUI batches latents in this way; Batch Latents gives each its "
              "own noise.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
                          .name = "LatentBatch",
                          .inputs = {{"samples1", "latents"}, {"samples2", "latents"}},
                          .outputs = {"latent"}},
              {.program = "comfyui",
                  .name = "BatchLatentsNode",
                  .inputs = {{"latents.latent*", "latents"}},
                  .outputs = {"latent"}},
              // Its batches of another length come one after the other there: they are one batch here.
              {.program = "comfyui",
                  .name = "RebatchLatents",
                  .inputs = {"latents", {"batch_size", ""}},
                  .outputs = {"latent"}}}});
  registry.add<LatentPart>("latent.part",
      {.title = "Part of Latent Batch",
          .menu = "Latent/Batch",
          .doc =
              "Takes latents out of a batch, with the noise that they start from. Unlike with Pick Latent, the noise "
              "that a sampler adds on its way is drawn for them alone, as in ComfyUI.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentFromBatch",
              .inputs = {{"samples", "latent"}, {"batch_index", "index"}, {"length", "count"}},
              .outputs = {"latent"}}}});
  registry.add<BatchNoise>("latent.batch_noise",
      {.title = "Noise of Latent Batch",
          .menu = "Latent/Batch",
          .doc = "Whether the latents of a batch start from the same noise or each from its own.",
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "LatentBatchSeedBehavior",
              .inputs = {{"samples", "latent"}, {"seed_behavior", "noise"}},
              .outputs = {"latent"}}}});
  registry.add<RepeatLatent>("latent.repeat",
      {.title = "Repeat Latent",
          .menu = "Latent/Batch",
          .doc = "The same latent several times; each gets its own noise.",
          .revision = 2,
          .bytes_per_pixel = sd::kLatentBytesPerPixel,
          .foreign = {{.program = "comfyui",
              .name = "RepeatLatentBatch",
              .inputs = {{"samples", "latent"}, {"amount", "times"}},
              .outputs = {"latent"}}}});
  registry.add<PickLatent>("latent.pick",
      {.title = "Pick Latent",
          .menu = "Latent/Batch",
          .doc = "Takes one latent out of a batch, together with its noise, so that one picture of the batch can be "
                 "made again on its own.",
          .revision = 2,
          .bytes_per_pixel = sd::kLatentBytesPerPixel});
}

}  // namespace weft::latent
