// Brings a node that good.cpp brings as well, and one of its own.
#include "tests/plugins/test_plugins/bare_node.h"

WEFT_PLUGIN("test.twin", "1.0.0", registry) {
  registry.add<BareNode>("test.add", {});
  registry.add<BareNode>("test.of_twin", {});
}
