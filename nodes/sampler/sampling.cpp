#include "nodes/sampler/sampling.h"

#include "nodes/sd/latent_preview.h"
#include "nodes/sd/noise_schedule.h"
#include "nodes/sd/torch_errors.h"

namespace weft::sampler {

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

Sampler builtin_sampler(const std::string& name) {
  return {.name = name, .method = sd::find_sampler(name)};
}

Sampled run_sampler(RunContext& ctx, const Model& model, const Sampler& sampler, const Sigmas& sigmas,
                    const Guidance& guidance, const Latent& latent, const Noise& noise) {
  sd::SampleRequest request;
  request.positive = guidance.positive.entries;
  request.negative = guidance.negative.entries;
  request.cfg = guidance.cfg;
  request.latent = latent.samples;
  request.noise_mask = latent.noise_mask;
  request.seed = noise.seed;
  request.batch_noise = noise.per_item ? sd::BatchNoise::kPerItem : sd::BatchNoise::kTogether;
  request.noise = noise.add ? noise_for(latent, noise.seed, request.batch_noise) : at::zeros_like(latent.samples);
  request.on_step = [&](const sd::SamplerStep& step) {
    ctx.progress(step.index, step.count);
    if (ctx.wants_preview()) ctx.preview(sd::latent_preview(step.x0));
  };
  ctx.progress(0, sigmas.steps());
  const auto result = sd::with_memory_errors([&] {
    return sd::sample(*model.on(ctx.device()), sampler.method, sigmas.values, request);
  });
  ctx.progress(sigmas.steps(), sigmas.steps());
  ctx.note("seed", noise.seed);
  Sampled sampled{latent, latent};
  sampled.latent.samples = result.latent;
  sampled.x0.samples = result.x0;
  return sampled;
}

}  // namespace weft::sampler
