#include "editor/session/shared_params.h"

#include <gmock/gmock.h>

#include "editor/session/gestures.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;

class SharedParams : public testing::Test {
 protected:
  std::vector<SharedParam> of(const Ids& nodes) {
    return shared_params(document.graph(), document.types(registry), nodes);
  }
  const SharedParam* find(const std::vector<SharedParam>& params, std::string_view name) {
    for (const SharedParam& each : params)
      if (each.port.name == name) return &each;
    return nullptr;
  }
  std::string second() { return add_node(document, registry, document.graph().node("sample").type, {}); }

  Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
};

TEST_F(SharedParams, AreThoseThatTwoNodesHave) {
  EXPECT_TRUE(of({"sample"}).empty());
  EXPECT_TRUE(of({"nobody", "sample"}).empty());
  const std::string other = second();
  const auto params = of({"sample", other});
  ASSERT_FALSE(params.empty());
  for (const SharedParam& each : params) {
    EXPECT_EQ(each.port.kind, PortKind::Param);
    EXPECT_EQ(each.nodes.size(), 2u);
  }
}

TEST_F(SharedParams, AreSetInAllNodesByOneStep) {
  const std::string other = second();
  const std::vector<std::string> nodes{"sample", other};
  const std::size_t before = document.position();
  set_param(document, nodes, "steps", 31);
  set_param(document, nodes, "steps", 33);  // a drag goes on
  document.end_gesture();
  EXPECT_EQ(document.position(), before + 1);
  for (const std::string& node : nodes)
    EXPECT_EQ(std::get<Literal>(document.graph().node(node).inputs.at("steps")), 33);
  const auto params = of({"sample", other});
  ASSERT_TRUE(find(params, "steps"));
  EXPECT_FALSE(find(params, "steps")->mixed);
  EXPECT_EQ(find(params, "steps")->value, 33);
  set_param(document, other, "steps", 7);
  EXPECT_TRUE(find(of({"sample", other}), "steps")->mixed);
}

}  // namespace
}  // namespace weft::editor
