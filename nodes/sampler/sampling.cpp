#include "nodes/sampler/sampling.h"

#include <algorithm>

#include "nodes/sd/sampling/noise_schedule.h"
#include "nodes/sd/values/latent_preview.h"

namespace weft::sampler {
namespace {

/// Says what will be resized to the latent.
void warn_of_resizing(RunContext& ctx, const Guider& guider, const Latent& latent) {
  sd::ConditioningEntries both = sd::combine(guider.positive.entries, guider.negative.entries);
  for (const std::string& sentence : sd::resized_concats(both, latent.samples.size(2), latent.samples.size(3)))
    ctx.warn(sentence);
}

/// What a step needs. Both sides are asked in one batch, and three where guidance is dual.
sd::MemoryNeed step_need(RunContext& ctx, const Guider& guider, const at::Tensor& latents) {
  const auto guided = [](const sd::CfgRange& range) { return range.cfg != 1; };
  const bool ranges = std::ranges::any_of(guider.model.sampling().cfg_ranges, guided);
  sd::MemoryNeed need = guider.model.need(ctx.device(), latents, guider.dual || ranges ? 0 : guider.cfg);
  if (guider.dual) need.about += need.about / 2;
  return need;
}

}  // namespace

at::Tensor Noise::start(const Latent& latent) const {
  if (!add) return at::zeros_like(latent.samples);
  return noise_for(latent, seed, per_item ? sd::BatchNoise::PerItem : sd::BatchNoise::Together);
}

std::vector<std::string> sampler_names() {
  std::vector<std::string> names;
  for (const sd::SamplerInfo& info : sd::samplers()) names.emplace_back(info.name);
  return names;
}

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const sd::ScheduleInfo& info : sd::schedules()) names.emplace_back(info.name);
  return names;
}

Sampler builtin_sampler(const std::string& name) { return {.name = name, .method = sd::find_sampler(name)}; }

Sampled run_sampler(RunContext& ctx, const Guider& guider, const Sampler& sampler, const Sigmas& sigmas,
    const Latent& given, const Noise& noise) {
  const Model& model = guider.model;
  const Latent latent = for_space(given, model.space());
  const sd::MemoryNeed need = step_need(ctx, guider, latent.samples);
  sd::require_memory(ctx.memory(), need, latent.size_text());
  sd::SampleRequest request;
  request.positive = guider.positive.entries;
  request.negative = guider.negative.entries;
  request.cfg = guider.cfg;
  request.dual = guider.dual;
  request.strict_concat = true;  // a mask or map that the model cannot see would be a surprise
  request.open_control = [&](const sd::ControlSource& source) { return open_control(source, ctx.memory()); };
  request.latent = latent.samples;
  request.noise_mask = latent.noise_mask;
  request.seed = noise.seed;
  request.batch_noise = noise.per_item ? sd::BatchNoise::PerItem : sd::BatchNoise::Together;
  request.places = latent.places();
  request.noise = noise.start(latent);
  request.on_step = [&](const sd::SamplerStep& step) {
    ctx.progress(step.index, step.count);
    if (ctx.wants_preview()) ctx.preview(sd::latent_preview(step.x0, model.space().colours));
  };
  warn_of_resizing(ctx, guider, latent);
  ctx.progress(0, sigmas.steps());
  const auto network = model.on(ctx.memory());
  if (const auto free = sd::make_room(ctx.memory(), need)) ctx.warn(sd::shortage_text(need, latent.size_text(), *free));
  const sd::SampleResult result = sd::sample(*network, sampler.method, sigmas.values, request);
  ctx.progress(sigmas.steps(), sigmas.steps());
  ctx.note("seed", noise.seed);
  Sampled sampled{latent, latent};
  sampled.latent.samples = result.latent;
  sampled.x0.samples = result.x0;
  return sampled;
}

}  // namespace weft::sampler
