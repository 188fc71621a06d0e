// Nothing stands in a palette or an inspector without saying what it is.
#include <gtest/gtest.h>

#include "tests/workflows/bench.h"

namespace weft::test {
namespace {

TEST(StandardNodes, SayWhatTheyAreAndWhatEachPortIs) {
  const Bench bench;
  int ports = 0;
  for (const NodeInfo* node : bench.registry().nodes()) {
    EXPECT_FALSE(node->options.title.empty()) << node->id;
    EXPECT_FALSE(node->options.menu.empty()) << node->id;
    EXPECT_FALSE(node->options.doc.empty()) << node->id;
    for (const auto* side : {&node->inputs, &node->outputs})
      for (const PortInfo& port : *side) {
        EXPECT_FALSE(port.tip.empty()) << node->id << "." << port.name << " has no tip";
        ++ports;
      }
  }
  EXPECT_GT(ports, 200);
}

}  // namespace
}  // namespace weft::test
