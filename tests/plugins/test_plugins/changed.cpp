// good.cpp after its author changed it: the catalogue of good.cpp is no longer true.
#include "tests/plugins/test_plugins/bare_node.h"

WEFT_PLUGIN("test.good", "1.2.4", registry) { registry.add<BareNode>("test.add", {}); }
