#include "nodes/sampler/nodes.h"
#include "nodes/sampler/sampling.h"

WEFT_PLUGIN("weft.sampler", "0.1.0", registry) {
  registry.add_type({.id = "sampler",
      .title = "Sampler",
      .colour = "#90a4ae",
      .doc = "A way to go from noise to a picture, step by step.",
      .describe = [](const weft::Value& v) { return nlohmann::json(v.as<weft::Sampler>().name); },
      .example = [] { return weft::Value::of(weft::sampler::builtin_sampler("euler")); }});
  weft::sampler::add_ksampler(registry);
  weft::sampler::add_custom(registry);
  weft::sampler::add_parts(registry);
}
