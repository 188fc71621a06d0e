#include "nodes/sampler/sampling.h"

#include "nodes/sd/sampling/noise_schedule.h"
#include "nodes/sd/values/latent_preview.h"

namespace weft::sampler {
namespace {

/// Says what will be resized to the latent.
void warn_of_resizing(RunContext& ctx, const Guidance& guidance, const Latent& latent) {
  sd::ConditioningEntries both = sd::combine(guidance.positive.entries, guidance.negative.entries);
  for (const std::string& sentence : sd::resized_concats(both, latent.samples.size(2), latent.samples.size(3)))
    ctx.warn(sentence);
}

}  // namespace

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

Sampled run_sampler(RunContext& ctx, const Model& model, const Sampler& sampler, const Sigmas& sigmas,
    const Guidance& guidance, const Latent& given, const Noise& noise) {
  const Latent latent = for_space(given, model.space());
  const sd::MemoryNeed need = model.need(ctx.device(), latent.samples, guidance.cfg);
  sd::require_memory(ctx.memory(), need, latent.size_text());
  sd::SampleRequest request;
  request.positive = guidance.positive.entries;
  request.negative = guidance.negative.entries;
  request.cfg = guidance.cfg;
  request.strict_concat = true;  // a mask or map that the model cannot see would be a surprise
  request.open_control = [&](const sd::ControlSource& source) { return open_control(source, ctx.memory()); };
  request.latent = latent.samples;
  request.noise_mask = latent.noise_mask;
  request.seed = noise.seed;
  request.batch_noise = noise.per_item ? sd::BatchNoise::PerItem : sd::BatchNoise::Together;
  request.places = latent.places();
  request.noise = noise.add ? noise_for(latent, noise.seed, request.batch_noise) : at::zeros_like(latent.samples);
  request.on_step = [&](const sd::SamplerStep& step) {
    ctx.progress(step.index, step.count);
    if (ctx.wants_preview()) ctx.preview(sd::latent_preview(step.x0, model.space().colours));
  };
  warn_of_resizing(ctx, guidance, latent);
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
