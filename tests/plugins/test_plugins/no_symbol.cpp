// A library that forgot WEFT_PLUGIN.
#include "tests/plugins/test_plugins/bare_node.h"

extern "C" WEFT_EXPORT int some_function() { return 1; }
