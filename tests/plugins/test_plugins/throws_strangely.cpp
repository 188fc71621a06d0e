// Throws what nobody can catch by name.
#include "plugins/entry.h"

WEFT_PLUGIN("test.throws_strangely", "1.0.0", registry) {
  (void)registry;
  throw 42;
}
