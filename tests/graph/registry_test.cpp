#include "graph/registry.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/graph/sketch_nodes.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class Change>
std::string complaint(Change change) {
  try {
    change();
    return "";
  } catch (const PluginError& error) {
    return error.what();
  }
}

/// A node with the ports that a test gives it.
class Ports final : public sketch::Idle {
 public:
  explicit Ports(const std::vector<PortInfo>& ports) {
    for (const PortInfo& port : ports) detail::declare_port(*this, port);
  }
};

std::string complaint_of(const std::vector<PortInfo>& ports) {
  return complaint([&] {
    Registry registry;
    registry.add_node("test.node", {}, std::make_unique<Ports>(ports));
  });
}

PortInfo param(const std::string& name, const std::string& type, nlohmann::json init) {
  return {.kind = PortKind::Param, .name = name, .type = type, .init = std::move(init)};
}

TEST(Registry, FindsTypesByIdAndByOldId) {
  const Registry registry = sketch::registry();
  EXPECT_EQ(registry.find("model.load"), registry.find("loader.checkpoint"));
  EXPECT_EQ(registry.find("model.load")->plugin, "sketch");
  EXPECT_EQ(registry.find("model.save"), nullptr);
}

TEST(Registry, ListsTypesById) {
  const Registry registry = sketch::registry();
  std::vector<std::string> ids;
  for (const NodeInfo* info : registry.nodes()) ids.push_back(info->id);
  EXPECT_THAT(ids, ElementsAre("image.grid", "image.save", "model.load", "sample.image", "text.encode"));
}

TEST(Registry, StatesWhatThePortsDeclare) {
  const Registry registry = sketch::registry();
  const PortInfo* steps = registry.find("sample.image")->find_input("steps");
  ASSERT_NE(steps, nullptr);
  EXPECT_EQ(steps->type, "int");
  EXPECT_EQ(steps->init, 20);
  EXPECT_EQ(steps->max, 10000);
  EXPECT_EQ(registry.find("sample.image")->find_input("image"), nullptr);
  EXPECT_EQ(registry.find("sample.image")->find_output("image")->type, "image");
}

TEST(Registry, TakesTheIdForATitleWhereThereIsNone) {
  EXPECT_EQ(sketch::registry().find("image.grid")->options.title, "image.grid");
  EXPECT_EQ(sketch::registry().find("text.encode")->options.title, "Encode Text");
}

TEST(Registry, RefusesAnIdThatIsTakenAndNamesThePlugin) {
  Registry registry = sketch::registry();
  EXPECT_THAT(complaint([&] { registry.add<sketch::Save>("image.save", {}); }),
      HasSubstr("node type 'image.save' is already registered by plugin 'sketch'"));
  EXPECT_THAT(complaint([&] { registry.add<sketch::Save>("loader.checkpoint", {}); }), HasSubstr("already registered"));
  EXPECT_THAT(complaint([&] { registry.add<sketch::Save>("my.save", {.old_ids = {"image.save"}}); }),
      HasSubstr("drop that old id"));
  EXPECT_EQ(registry.find("my.save"), nullptr);
}

TEST(Registry, RefusesMalformedIds) {
  for (const char* id : {"", "save", "Image.save", "image.", ".save", "image..save", "image.save me", "1mage.save"})
    EXPECT_THAT(complaint([&] { Registry().add<sketch::Save>(id, {}); }), HasSubstr("cannot be the id of a node type"))
        << id;
}

TEST(Registry, RefusesAPortThatIsDeclaredTwice) {
  EXPECT_THAT(complaint_of({param("a", "int", 1), param("a", "int", 2)}),
      HasSubstr("node 'test.node' declares the port 'a' twice"));
}

TEST(Registry, LetsAnInputAndAnOutputHaveOneName) {
  EXPECT_EQ(complaint_of({param("a", "int", 1), {.kind = PortKind::Output, .name = "a", .type = "int"}}), "");
}

TEST(Registry, RefusesMalformedPorts) {
  EXPECT_THAT(complaint_of({param("Steps", "int", 1)}), HasSubstr("has a port named 'Steps'"));
  EXPECT_THAT(complaint_of({{.name = "image"}}), HasSubstr("port 'image' of node 'test.node' has no type"));
  EXPECT_THAT(complaint_of({param("image", "image", nullptr)}), HasSubstr("a param is a bool, int, float or string"));
}

TEST(Registry, RefusesADefaultThatThePortItselfWouldNotTake) {
  PortInfo steps = param("steps", "int", 0);
  steps.min = 1;
  EXPECT_THAT(complaint_of({steps}), HasSubstr("the default of param 'steps' of node 'test.node' is not valid"));
}

TEST(Registry, LoadsLazyTypesOnceOnTheFirstUse) {
  const sketch::Save save;
  int loads = 0;
  Registry registry;
  registry.add_lazy(*sketch::registry().find("image.save"), [&]() -> const Node& {
    ++loads;
    return save;
  });
  EXPECT_NE(registry.find("image.save"), nullptr);
  EXPECT_EQ(loads, 0);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_EQ(&registry.node("image.save"), &save); });
  }
  EXPECT_EQ(loads, 1);
}

TEST(Registry, TellsWhichPluginDidNotLoadAndWhy) {
  int loads = 0;
  Registry registry;
  registry.add_lazy(*sketch::registry().find("image.save"), [&]() -> const Node& {
    ++loads;
    throw std::runtime_error("libsketch.so is gone");
  });
  for (int i = 0; i < 2; ++i)
    EXPECT_THAT(complaint([&] { (void)registry.node("image.save"); }),
        HasSubstr("plugin 'sketch', which brings node type 'image.save', did not load: libsketch.so is gone"));
  EXPECT_EQ(loads, 1);
}

TEST(Registry, RefusesTheCodeOfAnUnknownType) {
  EXPECT_THAT(
      complaint([] { (void)Registry().node("who.knows"); }), HasSubstr("no plugin brings a node type 'who.knows'"));
}

TEST(Registry, KnowsThePlainTypes) {
  const Registry registry;
  for (const char* id : {"bool", "int", "float", "string", "any"}) EXPECT_NE(registry.find_type(id), nullptr) << id;
}

TEST(Registry, KeepsTheFirstOfTwoEqualValueTypes) {
  Registry registry;
  registry.add_type({.id = "palette", .title = "Palette", .colour = "#111111"});
  registry.add_type({.id = "palette", .title = "Palette", .colour = "#222222"});
  EXPECT_EQ(registry.find_type("palette")->colour, "#111111");
}

TEST(Registry, RefusesAValueTypeThatIsAnotherOne) {
  Registry registry;
  registry.add_type({.id = "palette", .title = "Palette"});
  EXPECT_THAT(complaint([&] { registry.add_type({.id = "palette", .title = "Wood"}); }),
      HasSubstr("already registered as 'Palette', now as 'Wood'"));
  EXPECT_THAT(complaint([&] { registry.add_type({}); }), HasSubstr("empty id"));
}

TEST(Registry, FindsTheNearestIds) {
  const Registry registry = sketch::registry();
  EXPECT_THAT(registry.nearest("image.gird"), ElementsAre("image.grid"));
  EXPECT_THAT(registry.nearest("encode"), ElementsAre("text.encode"));
  EXPECT_THAT(registry.nearest("KSampler"), IsEmpty());
}

TEST(NodeInfo, SurvivesTheManifest) {
  const Registry registry = sketch::registry();
  for (const NodeInfo* info : registry.nodes()) {
    const nlohmann::json json = *info;
    const NodeInfo read = nlohmann::json::parse(json.dump()).get<NodeInfo>();
    EXPECT_EQ(nlohmann::json(read), json);
    EXPECT_EQ(read.inputs, info->inputs);
    EXPECT_EQ(read.outputs, info->outputs);
  }
}

TEST(NodeInfo, OfAManifestWithAnUnknownNameIsRefused) {
  nlohmann::json json = *sketch::registry().find("image.save");
  json["lane"] = "fast";
  EXPECT_THAT(complaint([&] { (void)json.get<NodeInfo>(); }), HasSubstr("the manifest says lane 'fast'"));
}

/// Image that can be saved under the class names of another program.
Registry with_foreign(std::vector<ForeignClass> foreign) {
  Registry registry;
  registry.add<sketch::Save>("image.save", {.foreign = std::move(foreign)});
  return registry;
}

TEST(ForeignClasses, AreFoundByProgramAndName) {
  const Registry registry = with_foreign({{"other", "SaveImage", {"image", {"file", "name"}}}});
  const Registry::Foreign found = registry.find_foreign("other", "SaveImage");
  ASSERT_NE(found.type, nullptr);
  EXPECT_EQ(found.type->id, "image.save");
  EXPECT_EQ(found.declared->inputs.at(1), ForeignInput("file", "name"));
  EXPECT_EQ(registry.find_foreign("another", "SaveImage").type, nullptr);
  EXPECT_EQ(registry.find_foreign("other", "image.save").type, nullptr);
}

TEST(ForeignClasses, OfTwoTypesTheFirstThatWasAddedStandsForIt) {
  Registry registry = with_foreign({{"other", "SaveImage", {"image"}}});
  registry.add<sketch::Save>("a.save", {.foreign = {{"other", "SaveImage", {"image"}}, {"other", "Write", {"image"}}}});
  EXPECT_EQ(registry.find_foreign("other", "SaveImage").type->id, "image.save");
  EXPECT_EQ(registry.find_foreign("other", "Write").type->id, "a.save");
}

TEST(ForeignClasses, NameOnlyPortsThatTheTypeHas) {
  EXPECT_THAT(complaint([] { with_foreign({{"other", "SaveImage", {"picture"}}}); }),
      HasSubstr("node 'image.save' has no port 'picture', which it names for 'SaveImage' of other"));
  EXPECT_THAT(complaint([] { with_foreign({{"other", "SaveImage", {"image"}, {"picture"}}}); }),
      HasSubstr("has no port 'picture'"));
  EXPECT_NO_THROW(with_foreign({{"other", "SaveImage", {{"quality", ""}}}})) << "an input that is left out";
}

TEST(ForeignClasses, TellWhatAValueMeansHere) {
  const ForeignInput crop("crop", "crop", {{"disabled", "none"}, {"enable", true}});
  EXPECT_EQ(crop.value_of("disabled"), "none");
  EXPECT_EQ(crop.value_of("enable"), true);
  EXPECT_EQ(crop.value_of("center"), "center");
  EXPECT_EQ(crop.value_of(3), 3);
  const ForeignInput layer = ForeignInput::counted_from_end("layer", "skip");
  EXPECT_EQ(layer.value_of(-2), 2);
  EXPECT_EQ(layer.value_of(2), 2);
  EXPECT_EQ(layer.value_of("x"), "x");
}

TEST(ForeignClasses, SurviveTheManifest) {
  const ForeignClass foreign{.program = "other",
      .name = "SaveImage",
      .inputs = {"image", {"file", "name"}, {"quality", ""}, {"crop", "name", {{"disabled", "none"}}},
          ForeignInput::counted_from_end("layer", "name")},
      .outputs = {"image"},
      .passes_on = "image"};
  EXPECT_EQ(nlohmann::json::parse(nlohmann::json(foreign).dump()).get<ForeignClass>(), foreign);
}

TEST(Snapshots, KeepWhatTheyHadWhenTheRegistryChanges) {
  Registry registry = sketch::registry();
  const Registry snapshot = registry;
  EXPECT_TRUE(snapshot.same_as(registry));
  registry.remove_plugin("sketch");
  EXPECT_FALSE(snapshot.same_as(registry));
  EXPECT_EQ(registry.find("image.save"), nullptr);
  EXPECT_EQ(registry.find("loader.checkpoint"), nullptr) << "nor by old ids";
  ASSERT_NE(snapshot.find("image.save"), nullptr);
  EXPECT_EQ(snapshot.node("image.save").inputs().size(), 2u) << "its code as well";
  registry.set_current_plugin("sketch");
  registry.add<sketch::Save>("image.save", {.title = "Anew"});
  EXPECT_EQ(registry.find("image.save")->options.title, "Anew");
  EXPECT_EQ(registry.find("image.save")->replaced, 1u);
  EXPECT_EQ(snapshot.find("image.save")->replaced, 0u);
}

TEST(Snapshots, KeepTheCodeOfValueTypesThatARemovedPluginTakesAlong) {
  const auto type = [](const char* said) {
    return ValueType{
        .id = "picture", .title = "Picture", .describe = [said](const Value&) { return nlohmann::json(said); }};
  };
  Registry registry;
  registry.set_current_plugin("pictures");
  registry.add_type(type("old"));
  const Registry snapshot = registry;
  registry.remove_plugin("pictures");
  EXPECT_FALSE(registry.find_type("picture")->describe);
  registry.add_type(type("new"));
  EXPECT_EQ(registry.find_type("picture")->describe({}), "new");
  EXPECT_EQ(snapshot.find_type("picture")->describe({}), "old");
}

TEST(Snapshots, MayBeTakenWhileTheRegistryChanges) {
  Registry registry = sketch::registry();
  std::atomic<bool> done = false;
  std::jthread changes([&] {
    for (int i = 0; i < 200; ++i) {
      registry.remove_plugin("sketch");
      registry.set_current_plugin("sketch");
      registry.add<sketch::Save>("image.save", {});
    }
    done = true;
  });
  while (!done) {
    const Registry snapshot = registry;
    const NodeInfo* info = snapshot.find("image.save");
    ASSERT_TRUE(!info || info->plugin == "sketch");
  }
}

TEST(Types, MatchWhereAValueFits) {
  EXPECT_TRUE(types_match("image", "image"));
  EXPECT_TRUE(types_match("int", "float"));
  EXPECT_TRUE(types_match("image", "any"));
  EXPECT_FALSE(types_match("float", "int"));
  EXPECT_FALSE(types_match("any", "image"));
  EXPECT_FALSE(types_match("image", "mask"));
}

}  // namespace
}  // namespace weft
