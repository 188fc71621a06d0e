// Linked without a build id.
#include "tests/plugins/test_plugins/bare_node.h"

WEFT_PLUGIN("test.no_build_id", "1.0.0", registry) { registry.add<BareNode>("test.unnamed_build", {}); }
