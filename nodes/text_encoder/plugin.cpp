#include "nodes/text_encoder/nodes.h"

WEFT_PLUGIN("weft.text_encoder", "0.1.0", registry) {
  weft::text_encoder::add_encode(registry);
  weft::text_encoder::add_encode_xl(registry);
  weft::text_encoder::add_load(registry);
  weft::text_encoder::add_wildcards(registry);
}
