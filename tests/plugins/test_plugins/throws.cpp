// Throws while it registers.
#include <stdexcept>

#include "plugins/entry.h"

WEFT_PLUGIN("test.throws", "1.0.0", registry) {
  (void)registry;
  throw std::runtime_error("the moon is in the wrong house");
}
