#include "nodes/checkpoint/nodes.h"

WEFT_PLUGIN("weft.checkpoint", "0.1.0", registry) {
  registry.add_type({.id = "model",
      .title = "Model",
      .colour = "#9575cd",
      .doc = "A U-Net, and what sampling must know of it: f(x, t, y)."});
  registry.add_type({.id = "clip", .title = "CLIP", .colour = "#ffd54f", .doc = "A text encoder with its tokenizer."});
  registry.add_type({.id = "control_net",
      .title = "ControlNet",
      .colour = "#81d4c0",
      .doc = "A network that steers a U-Net by a picture."});
  registry.add_type({.id = "upscale_model",
      .title = "Upscale Model",
      .colour = "#90caf9",
      .doc = "A network that makes pictures larger."});
  registry.add_type({.id = "label_encoder",
      .title = "Labels",
      .colour = "#aed581",
      .doc = "The classes of a class-conditional model, each with what the U-Net attends to for it."});
  registry.add_type({.id = "spatial_rescaler",
      .title = "Spatial Rescaler",
      .colour = "#4db6ac",
      .doc = "Brings a segmentation map to the size and channels that are concatenated to a latent."});
  weft::checkpoint::add_load(registry);
  weft::checkpoint::add_save(registry);
}
