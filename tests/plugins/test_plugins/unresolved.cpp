// Needs a function that no library has.
#include "tests/plugins/test_plugins/bare_node.h"

int a_function_that_nobody_defines();

WEFT_PLUGIN("test.unresolved", "1.0.0", registry) {
  if (a_function_that_nobody_defines() > 0) registry.add<BareNode>("test.never", {});
}
