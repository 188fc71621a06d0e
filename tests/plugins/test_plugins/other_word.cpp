// Means something else by the value type of good.cpp.
#include "plugins/entry.h"

WEFT_PLUGIN("test.other_word", "1.0.0", registry) {
  registry.add_type({.id = "test.word", .title = "A Word of Another Kind"});
}
