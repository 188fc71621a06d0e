#include "nodes/mask/nodes.h"

WEFT_PLUGIN("weft.mask", "0.1.0", registry) {
  weft::mask::add_make(registry);
  weft::mask::add_draw(registry);
  weft::mask::add_convert(registry);
  weft::mask::add_shape(registry);
  weft::mask::add_place(registry);
}
