#include "nodes/value/nodes.h"

WEFT_PLUGIN("weft.value", "0.1.0", registry) {
  weft::value::add_constants(registry);
  weft::value::add_sizes(registry);
  weft::value::add_text(registry);
  weft::value::add_patterns(registry);
  weft::value::add_format(registry);
  weft::value::add_math(registry);
}
