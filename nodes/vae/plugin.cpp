#include "nodes/vae/nodes.h"

WEFT_PLUGIN("weft.vae", "0.1.0", registry) {
  registry.add_type(
      {.id = "vae", .title = "VAE", .colour = "#e57373", .doc = "An autoencoder: pictures to latents, and back."});
  weft::vae::add_encode(registry);
  weft::vae::add_inpaint(registry);
  weft::vae::add_pix2pix(registry);
  weft::vae::add_decode(registry);
}
