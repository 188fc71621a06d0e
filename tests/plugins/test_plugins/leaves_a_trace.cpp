// Its static initialiser makes the file that WEFT_TEST_TRACE names: shows whether any of its code ran.
#include <cstdlib>
#include <fstream>

#include "tests/plugins/test_plugins/bare_node.h"

namespace {
const bool trace = [] {
  if (const char* file = std::getenv("WEFT_TEST_TRACE")) std::ofstream(file) << "ran\n";
  return true;
}();
}  // namespace

WEFT_PLUGIN("test.leaves_a_trace", "1.0.0", registry) {
  registry.add<BareNode>("test.traced", {.title = trace ? "Traced" : ""});
}
