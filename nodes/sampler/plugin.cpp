#include "nodes/sampler/nodes.h"
#include "nodes/sampler/sampling.h"

WEFT_PLUGIN("weft.sampler", "0.1.0", registry) {
  registry.add_type({.id = "sampler",
      .title = "Sampler",
      .colour = "#90a4ae",
      .doc = "A way to go from noise to a picture, step by step.",
      .describe = [](const weft::Value& v) { return nlohmann::json(v.as<weft::Sampler>().name); },
      .example = [] { return weft::Value::of(weft::sampler::builtin_sampler("euler")); }});
  registry.add_type({.id = "guider",
      .title = "Guider",
      .colour = "#66bb9e",
      .doc = "A model with what it is guided by, for a sampler to ask."});
  registry.add_type({.id = "noise",
      .title = "Noise",
      .colour = "#b0a8b9",
      .doc = "Where the noise of a sampling comes from.",
      .describe =
          [](const weft::Value& v) {
            const auto& noise = v.as<weft::sampler::Noise>();
            return noise.add ? nlohmann::json{{"seed", noise.seed}} : nlohmann::json("none");
          },
      .example = [] { return weft::Value::of(weft::sampler::Noise{.seed = 42}); }});
  weft::sampler::add_ksampler(registry);
  weft::sampler::add_custom(registry);
  weft::sampler::add_parts(registry);
  weft::sampler::add_guiders(registry);
  weft::sampler::add_noise(registry);
  weft::sampler::add_schedules(registry);
  weft::sampler::add_sigmas(registry);
  weft::sampler::add_samplers(registry);
}
