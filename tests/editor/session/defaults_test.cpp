// What new nodes begin with.
#include "editor/session/defaults.h"

#include <gmock/gmock.h>

#include "editor/session/gestures.h"
#include "editor/session/model_facts.h"
#include "tests/graph/sketch_nodes.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Latent {
  static constexpr std::string_view kType = "latent";
};

class Empty final : public sketch::Idle {
  Param<std::int64_t> width_{*this, "width", {.init = 512}};
  Param<std::int64_t> height_{*this, "height", {.init = 512}};
  Output<Latent> latent_{*this, "latent"};
};

class Denoise final : public sketch::Idle {
  Input<sketch::Model> model_{*this, "model"};
  Input<Latent> latent_{*this, "latent"};
  Input<sketch::Words> positive_{*this, "positive"};
  Input<sketch::Words> negative_{*this, "negative"};
  Output<Latent> result_{*this, "latent"};
};

class Defaults : public testing::Test {
 protected:
  Defaults() {
    registry.add<Empty>("latent.empty", {});
    registry.add<Denoise>("sample.denoise", {});
  }

  std::string add(const std::string& type) {
    const NodeTypes& types = document.types(registry);
    return add_node(document, registry, type, {},
        {.values = first_values(document.graph(), types, *types.find(type), models), .link_obvious = true});
  }
  Literal value(const std::string& node, const std::string& port) {
    return std::get<Literal>(document.graph().node(node).inputs.at(port));
  }

  Registry registry = sketch::registry();
  Document document;
  std::string choice = "small";
  KnownModels models{.choice = [this](const std::string&) { return choice; },
      .size =
          [](const std::string&, const std::string& name) {
            return name == "small" ? std::optional<std::int64_t>(128) : std::nullopt;
          }};
};

TEST_F(Defaults, ChooseTheModelThatThereIs) {
  add("model.load");
  EXPECT_EQ(value("load", "name"), "small");
  EXPECT_EQ(document.position(), 1u);
  choice.clear();
  add("model.load");
  EXPECT_FALSE(document.graph().node("load_2").inputs.contains("name"));
}

TEST_F(Defaults, GiveAnEmptyLatentTheSizeOfTheModel) {
  add("latent.empty");
  EXPECT_EQ(value("empty", "width"), 128);
  choice = "large";
  add("latent.empty");
  EXPECT_THAT(document.graph().node("empty_2").inputs, IsEmpty());
}

TEST_F(Defaults, LinkWhatIsBeyondDoubt) {
  add("model.load");
  add("latent.empty");
  add("text.encode");
  EXPECT_EQ(std::get<Links>(document.graph().node("encode").inputs.at("clip")), Links({{"load", "clip"}}));
  add("sample.denoise");
  const auto& inputs = document.graph().node("denoise").inputs;
  EXPECT_EQ(std::get<Links>(inputs.at("model")), Links({{"load", "model"}}));
  EXPECT_EQ(std::get<Links>(inputs.at("latent")), Links({{"empty", "latent"}}));
  EXPECT_FALSE(inputs.contains("positive") || inputs.contains("negative"));  // either could be meant
  document.undo();
  EXPECT_FALSE(document.graph().contains("denoise"));
}

TEST_F(Defaults, DoNotGuessAmongTwo) {
  add("model.load");
  add("model.load");
  add("text.encode");
  EXPECT_FALSE(document.graph().node("encode").inputs.contains("clip"));
}

TEST_F(Defaults, ALatentFollowsTheModelThatIsChosen) {
  add("model.load");
  add("latent.empty");
  add("sample.denoise");
  const PortInfo& port = *registry.find("model.load")->find_input("name");
  choose_model(document, registry, "load", port, "large", models);
  EXPECT_EQ(value("empty", "width"), 512);
  document.undo();
  EXPECT_EQ(value("empty", "width"), 128);
  set_param(document, "empty", "width", 192);
  document.end_gesture();
  choose_model(document, registry, "load", port, "large", models);
  EXPECT_EQ(value("empty", "width"), 192);  // somebody chose it
}

TEST(ModelFacts, SizeIsThatOfTheLatentTimesWhatTheVaeSpans) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "unet");
  std::filesystem::create_directories(folder / "vae");
  EXPECT_EQ(native_size(folder.path()), std::nullopt);
  write_text_file(folder / "unet/config.json", R"({"sample_size": 64})");
  write_text_file(folder / "vae/config.json", R"({"block_out_channels": [1, 2, 3, 4]})");
  EXPECT_EQ(native_size(folder.path()), 512);
  write_text_file(folder / "vae/config.json", R"({"block_out_channels": "none"})");
  EXPECT_EQ(native_size(folder.path()), std::nullopt);
}

}  // namespace
}  // namespace weft::editor
