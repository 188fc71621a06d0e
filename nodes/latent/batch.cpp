// latent.batch, latent.repeat, latent.pick: latents into a batch, and one out of it.
#include <fmt/format.h>

#include <algorithm>

#include "nodes/latent/nodes.h"

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
