// Has the id of good.cpp.
#include "tests/plugins/test_plugins/bare_node.h"

WEFT_PLUGIN("test.good", "9.9.9", registry) { registry.add<BareNode>("test.of_same_id", {}); }
