#include "nodes/vision_encoder/nodes.h"

WEFT_PLUGIN("weft.vision_encoder", "0.1.0", registry) {
  weft::vision_encoder::add_types(registry);
  weft::vision_encoder::add_encode(registry);
}
