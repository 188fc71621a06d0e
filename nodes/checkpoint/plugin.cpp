#include "nodes/checkpoint/nodes.h"

WEFT_PLUGIN("weft.checkpoint", "0.1.0", registry) {
  registry.add_type({.id = "model", .title = "Model", .colour = "#9575cd",
      .doc = "A U-Net, and what sampling must know of it: f(x, t, y)."});
  registry.add_type({.id = "clip", .title = "CLIP", .colour = "#ffd54f", .doc = "A text encoder with its tokenizer."});
  weft::checkpoint::add_load(registry);
}
