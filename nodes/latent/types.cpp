// What generic code knows of latents and sigmas.
#include "nodes/latent/nodes.h"
#include "nodes/sd/values/bytes.h"
#include "nodes/sd/values/describe.h"
#include "nodes/sd/values/latent_operation.h"
#include "nodes/sd/values/latent_preview.h"

namespace weft::latent {
void add_types(Registry& registry) {
  registry.add_type({.id = "latent",
      .title = "Latent",
      .colour = "#ba68c8",
      .doc = "Pictures in the autoencoder's space: float32 [batch, channels, height, width], in latents, as the "
             "encoder gives them (not scaled), and optionally a mask of what a sampler may change.",
      .preview =
          [](const Value& v) { return sd::latent_preview(v.as<Latent>().samples, v.as<Latent>().space.colours); },
      .items = [](const Value& v) { return sd::items(v.as<Latent>(), &Latent::samples); },
      .describe = [](const Value& v) { return sd::describe(v.as<Latent>().samples); },
      .encode = [](const Value& v) { return sd::to_bytes(sd::parts_of(v.as<Latent>())); },
      .decode = [](std::string_view bytes) { return Value::of(sd::latent_of(sd::parts_in(bytes))); },
      .example = [] { return Value::of(Latent{torch::linspace(-3, 3, 2 * 4 * 6 * 10).view({2, 4, 6, 10})}); }});
  registry.add_type({.id = "latent_operation",
      .title = "Latent Operation",
      .colour = "#7986cb",
      .doc = "Something to do to latents, for another node to apply.",
      .describe = [](const Value& v) { return nlohmann::json(v.as<LatentOperation>().name); },
      .example =
          [] { return Value::of(LatentOperation{"nothing", [](const at::Tensor& latent) { return latent; }}); }});
  registry.add_type({.id = "sigmas",
      .title = "Sigmas",
      .colour = "#a1887f",
      .doc = "The noise levels that a sampler visits, falling; the last is 0 if no noise shall remain.",
      .describe = [](const Value& v) { return nlohmann::json(v.as<Sigmas>().values); },
      .encode = [](const Value& v) { return sd::to_bytes(sd::parts_of(v.as<Sigmas>())); },
      .decode = [](std::string_view bytes) { return Value::of(sd::sigmas_of(sd::parts_in(bytes))); },
      .example = [] { return Value::of(Sigmas{{14.6f, 5.0f, 1.0f, 0.0f}}); }});
}

}  // namespace weft::latent
