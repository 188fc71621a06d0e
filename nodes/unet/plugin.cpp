#include "nodes/unet/nodes.h"

WEFT_PLUGIN("weft.unet", "0.1.0", registry) {
  weft::unet::add_step(registry);
  weft::unet::add_attention(registry);
}
