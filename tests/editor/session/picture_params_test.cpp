// Regions and paintings of nodes, as params and as places on a picture.
#include "editor/session/picture_params.h"

#include <gmock/gmock.h>

namespace weft::editor {
namespace {

using enum PortRole;

PortInfo number(const std::string& name, PortRole role, const std::string& type, double most, double init = 0) {
  PortInfo port{.kind = PortKind::Param, .name = name, .type = type, .init = init, .min = 0, .max = most, .role = role};
  if (type == "int") port.init = static_cast<std::int64_t>(init);
  return port;
}

NodeInfo box(const std::string& type, double most) {
  return {.id = "test.box",
      .inputs = {number("width", RegionWidth, type, most), number("height", RegionHeight, type, most),
          number("x", RegionX, type, most), number("y", RegionY, type, most)}};
}

Workflow with(const std::string& type) {
  Workflow workflow;
  workflow.graph.add({.id = "n", .type = type});
  return workflow;
}

class Regions : public testing::Test {
 protected:
  nlohmann::json param(const std::string& name) const {
    return std::get<Literal>(document.graph().node("n").inputs.at(name));
  }
  Rect region(const RegionParams& params, Size picture) const {
    return region_of(document.graph().node("n"), params, picture);
  }
  Document document{with("test.box")};
};

TEST_F(Regions, AreFoundByTheRolesOfNumbers) {
  EXPECT_EQ(region_params(box("int", 1000))->form, RegionParams::Form::Box);
  NodeInfo corner = box("int", 1000);
  corner.inputs.erase(corner.inputs.begin(), corner.inputs.begin() + 2);
  EXPECT_EQ(region_params(corner)->form, RegionParams::Form::Corner);
  corner.inputs.pop_back();
  EXPECT_FALSE(region_params(corner));
  NodeInfo mixed = box("int", 1000);
  mixed.inputs[2].type = "string";
  EXPECT_FALSE(region_params(mixed));
  NodeInfo named_alike = box("int", 1000);
  for (PortInfo& port : named_alike.inputs) port.role = None;
  EXPECT_FALSE(region_params(named_alike)) << "names mean nothing";
}

TEST_F(Regions, ArePixelsOrPartsOfThePicture) {
  const NodeInfo pixels = box("int", 1000), parts = box("float", 1);
  set_region(document, "n", *region_params(pixels), {{8, 16}, {64, 32}}, {128, 64});
  EXPECT_EQ(param("x"), 8);
  EXPECT_EQ(param("height"), 32);
  EXPECT_EQ(region(*region_params(pixels), {128, 64}), (Rect{{8, 16}, {64, 32}}));
  set_region(document, "n", *region_params(parts), {{8, 16}, {64, 32}}, {128, 64});
  EXPECT_EQ(param("x"), 0.0625);
  EXPECT_EQ(param("height"), 0.5);
  EXPECT_EQ(region(*region_params(parts), {128, 64}), (Rect{{8, 16}, {64, 32}}));
}

TEST_F(Regions, MayBeEdges) {
  const NodeInfo type{.id = "test.box",
      .inputs = {number("a", RegionLeft, "float", 1), number("b", RegionTop, "float", 1),
          number("right", RegionRight, "float", 1, 1), number("c", RegionBottom, "float", 1, 1)}};
  const auto params = region_params(type);
  EXPECT_EQ(region(*params, {100, 50}), (Rect{{0, 0}, {100, 50}}));
  set_region(document, "n", *params, {{25, 10}, {50, 20}}, {100, 50});
  EXPECT_EQ(param("right"), 0.75);
  EXPECT_EQ(region(*params, {100, 50}), (Rect{{25, 10}, {50, 20}}));
}

TEST_F(Regions, StayWithinWhatTheParamsTake) {
  const NodeInfo type = box("int", 100);
  set_region(document, "n", *region_params(type), {{-8, 16}, {640, 32}}, {128, 64});
  EXPECT_EQ(param("x"), 0);
  EXPECT_EQ(param("width"), 100);
}

TEST_F(Regions, ChangeInOneStepADrag) {
  const NodeInfo type = box("int", 1000);
  for (int i = 1; i < 5; ++i) set_region(document, "n", *region_params(type), {{8.0 * i, 0}, {64, 64}}, {128, 64});
  document.end_gesture();
  EXPECT_EQ(document.position(), 1u);
  document.undo();
  EXPECT_TRUE(document.graph().node("n").inputs.empty());
}

TEST_F(Regions, LeaveLinkedParamsAlone) {
  Workflow workflow = with("test.box");
  GraphNode linked{.id = "m", .type = "test.box", .inputs = {{"x", Links{{"n", "value"}}}}};
  workflow.graph.add(linked);
  Document other(workflow);
  const NodeInfo type = box("int", 1000);
  set_region(other, "m", *region_params(type), {{8, 16}, {64, 32}}, {128, 64});
  EXPECT_TRUE(source_of(other.graph().node("m"), "x"));
  EXPECT_EQ(std::get<Literal>(other.graph().node("m").inputs.at("y")), 16);
}

TEST(Paintings, AreParamsThatSaySo) {
  NodeInfo type{.id = "test.draw",
      .inputs = {
          {.kind = PortKind::Param, .name = "strokes", .type = "string", .widget = Widget::Text, .role = Painting},
          number("thickness", PaintingBrush, "float", 2, 0.25), number("across", PaintingWidth, "int", 1000, 64),
          number("down", PaintingHeight, "int", 1000, 32)}};
  ASSERT_TRUE(painting_param(type));
  const Document document{with("test.draw")};
  EXPECT_EQ(painting_manner(document.graph().node("n"), type).brush, 0.25);
  EXPECT_FALSE(painting_manner(document.graph().node("n"), type).polygons);
  EXPECT_EQ(painting_size(document.graph().node("n"), type), (Size{64, 32}));
  type.inputs.resize(2);
  EXPECT_EQ(painting_size(document.graph().node("n"), type), (Size{512, 512}));
  type.inputs[0].role = None;
  EXPECT_FALSE(painting_param(type));
}

}  // namespace
}  // namespace weft::editor
