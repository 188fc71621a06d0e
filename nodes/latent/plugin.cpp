#include "nodes/latent/nodes.h"

WEFT_PLUGIN("weft.latent", "0.1.0", registry) {
  weft::latent::add_types(registry);
  weft::latent::add_empty(registry);
  weft::latent::add_noise(registry);
  weft::latent::add_batch(registry);
  weft::latent::add_change(registry);
  weft::latent::add_arithmetic(registry);
  weft::latent::add_arrange(registry);
  weft::latent::add_composite(registry);
  weft::latent::add_file(registry);
  weft::latent::add_operation(registry);
  weft::latent::add_diffuse(registry);
  weft::latent::add_pictures(registry);
}
