#include "editor/session/gallery.h"

#include <OpenImageIO/imageio.h>
#include <gmock/gmock.h>

#include "base/strict_json.h"
#include "editor/session/picture_file.h"
#include "editor/session/picture_loader.h"
#include "host/workflow_file.h"
#include "tests/graph/sketch_nodes.h"
#include "tests/host/standard_nodes.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = host::FoundWorkflow::Kind;

/// A picture of one colour, with texts.
void write_png(const fs::path& file, int width, int height, const std::map<std::string, std::string>& texts = {}) {
  OIIO::ImageSpec spec(width, height, 3, OIIO::TypeDesc::UINT8);
  for (const auto& [key, text] : texts) spec.attribute(key, text);
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < width * height; ++i) pixels.insert(pixels.end(), {10, 20, 30});
  const auto png = OIIO::ImageOutput::create(file.string());
  ASSERT_TRUE(
      png && png->open(file.string(), spec) && png->write_image(OIIO::TypeDesc::UINT8, pixels.data()) && png->close());
}

class PictureFiles : public testing::Test {
 protected:
  TemporaryFolder folder;
};

TEST_F(PictureFiles, GivePixelsThatFit) {
  write_png(folder / "a.png", 400, 100);
  const Pixels whole = read_pixels(folder / "a.png");
  EXPECT_EQ(whole.width, 400);
  EXPECT_EQ(whole.rgba.size(), 400u * 100 * 4);
  EXPECT_EQ((std::vector<int>{whole.rgba[0], whole.rgba[1], whole.rgba[2], whole.rgba[3]}),
      (std::vector<int>{10, 20, 30, 255}));
  const Pixels small = read_pixels(folder / "a.png", 64);
  EXPECT_EQ(small.width, 64);
  EXPECT_EQ(small.height, 16);
  EXPECT_NEAR(small.rgba[4 * 100 + 2], 30, 1);
}

TEST_F(PictureFiles, SayWhyTheyCannotBeRead) {
  write_text_file(folder / "a.png", "no picture");
  EXPECT_THROW(read_pixels(folder / "a.png"), GraphError);
  EXPECT_THROW(read_pixels(folder / "none.png"), GraphError);
}

TEST_F(PictureFiles, AreShownInTheirOwnColoursAlsoUnderTransparency) {
  const fs::path fixtures = fs::path(WEFT_SOURCE_DIR) / "tests/pictures/fixtures";
  const Pixels plain = read_pixels(fixtures / "rgb.png");
  for (const char* name : {"rgba.png", "alpha.webp", "alpha.tif"}) {
    const Pixels painted = read_pixels(fixtures / name);
    ASSERT_EQ(painted.rgba.size(), plain.rgba.size()) << name;
    for (std::size_t i = 0; i < plain.rgba.size(); ++i)
      ASSERT_TRUE(i % 4 == 3 || painted.rgba[i] == plain.rgba[i]) << name << " at " << i;
  }
  EXPECT_EQ(read_pixels(fixtures / "turned.webp").width, 24) << "upright";
}

/// As ComfyUI writes it where a node's IS_CHANGED is NaN; the word in a text is a word.
TEST_F(PictureFiles, CarryComfyWorkflowsWithNumbersThatAreNone) {
  write_png(folder / "a.png", 4, 4,
      {{"prompt", R"({"1": {"class_type": "CLIPTextEncode", "is_changed": [NaN], "inputs": {"text": "NaN bread"}}})"}});
  const host::FoundWorkflow found = host::find_workflow(folder / "a.png", test::standard_nodes());
  ASSERT_EQ(found.kind, Kind::ComfyUi);
  EXPECT_EQ(found.workflow->graph.node("1").inputs.at("text"), InputValue("NaN bread"));
}

TEST_F(PictureFiles, WithTextThatIsNestedWithoutEndAreNoCrash) {
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  write_png(folder / "a.png", 4, 4, {{"prompt", deep}, {"workflow", "{\"nodes\": " + deep + ", \"links\": []}"}});
  EXPECT_EQ(host::find_workflow(folder / "a.png", test::standard_nodes()).kind, Kind::None);
  write_png(folder / "b.png", 4, 4, {{"weft", "{\"workflow\": " + deep + "}"}});
  EXPECT_THROW(host::find_workflow(folder / "b.png", test::standard_nodes()), GraphError);
  write_text_file(folder / "c.json", "{\"1\": {\"class_type\": \"A\", \"inputs\": {\"a\": " + deep + "}}}");
  EXPECT_THROW(host::find_workflow(folder / "c.json", test::standard_nodes()), GraphError);
}

TEST_F(PictureFiles, CarryAWorkflowThatIsAsDeepAsOneMayBe) {
  Workflow workflow = parse_workflow(sketch::kWorkflow);
  nlohmann::json deep = 1;
  for (std::size_t i = 1; i < kMaxJsonDepth; ++i) deep = nlohmann::json::array({deep});
  workflow.extra["deep"] = deep;
  const nlohmann::json weft{{"workflow", nlohmann::json::parse(to_text(workflow))}, {"facts", nlohmann::json::array()}};
  write_png(folder / "a.png", 4, 4, {{"weft", weft.dump()}});
  EXPECT_EQ(host::find_workflow(folder / "a.png", test::standard_nodes()).workflow->extra["deep"], deep);
}

TEST_F(PictureFiles, CarryTheWorkflowThatMadeThem) {
  const nlohmann::json weft{{"workflow", nlohmann::json::parse(sketch::kWorkflow)},
      {"facts", {{{"node", "sample"}, {"key", "seed"}, {"fact", 7}}}}};
  write_png(folder / "a.png", 4, 4, {{"weft", weft.dump()}});
  const host::FoundWorkflow found = host::find_workflow(folder / "a.png", test::standard_nodes());
  ASSERT_EQ(found.kind, Kind::Weft);
  EXPECT_EQ(found.workflow->graph, parse_workflow(sketch::kWorkflow).graph);
  EXPECT_EQ(found.facts.at(0).at("fact"), 7);
}

TEST_F(PictureFiles, TellComfysWorkflowsApart) {
  const std::string api = R"({"3": {"class_type": "KSampler", "inputs": {}}})";
  const std::string ui = R"({"nodes": [], "links": [], "version": 0.4})";
  write_png(folder / "api.png", 4, 4, {{"prompt", api}, {"workflow", ui}});
  write_png(folder / "ui.png", 4, 4, {{"workflow", ui}});
  write_text_file(folder / "api.json", api);
  for (const char* file : {"api.png", "ui.png", "api.json"})
    EXPECT_EQ(host::find_workflow(folder / file, test::standard_nodes()).kind, Kind::ComfyUi) << file;
  EXPECT_EQ(host::find_workflow(folder / "api.png", test::standard_nodes()).workflow->graph.node("3").type,
      "sample.ksampler");
}

TEST_F(PictureFiles, MayHoldNoWorkflow) {
  write_png(folder / "a.png", 4, 4);
  write_text_file(folder / "a.json", "{\"cats\": 3}");
  EXPECT_EQ(host::find_workflow(folder / "a.png", test::standard_nodes()).kind, Kind::None);
  EXPECT_EQ(host::find_workflow(folder / "a.json", test::standard_nodes()).kind, Kind::None);
  EXPECT_THAT(why_not_opened("a.png").what, HasSubstr("holds no workflow"));
}

TEST_F(PictureFiles, SayWhereAWorkflowIsDamaged) {
  write_text_file(folder / "a.json", "{\"weft\": 1,\n \"nodes\": {");
  try {
    host::find_workflow(folder / "a.json", test::standard_nodes());
    FAIL() << "it was read";
  } catch (const GraphError& error) {
    EXPECT_THAT(error.what(), HasSubstr("line 2"));
  }
  write_png(folder / "a.png", 4, 4, {{"weft", "{\"workflow\": "}});
  EXPECT_THROW(host::find_workflow(folder / "a.png", test::standard_nodes()), GraphError);
  EXPECT_THROW(host::find_workflow(folder.path(), test::standard_nodes()), GraphError);
}

TEST_F(PictureFiles, AreListedLatestFirst) {
  fs::create_directories(folder / "sub");
  write_png(folder / "a.png", 4, 4);
  write_png(folder / "sub/b.png", 4, 4);
  write_text_file(folder / "c.txt", "");
  fs::last_write_time(folder / "a.png", fs::file_time_type::clock::now() + std::chrono::hours(1));
  Gallery gallery;
  gallery.scan(folder.path());
  gallery.scan(folder.path());
  gallery.wait_until_idle();
  const auto items = gallery.items();
  ASSERT_THAT(*items, SizeIs(2));
  EXPECT_EQ(items->at(0).file, folder / "a.png");
  EXPECT_EQ(items->at(1).file, folder / "sub/b.png");
  gallery.remove(folder / "a.png");
  EXPECT_THAT(*gallery.items(), SizeIs(1));
}

TEST_F(PictureFiles, ComeLaterWholeAndAsThumbnails) {
  write_png(folder / "a.png", 300, 150);
  write_text_file(folder / "b.png", "no picture");
  std::atomic<int> woken = 0;
  PictureLoader loader([&] { ++woken; });
  EXPECT_EQ(loader.get(folder / "a.png"), nullptr);
  EXPECT_EQ(loader.thumbnail(folder / "a.png"), nullptr);
  EXPECT_EQ(loader.get(folder / "b.png"), nullptr);
  loader.wait_until_idle();
  ASSERT_NE(loader.get(folder / "a.png"), nullptr);
  EXPECT_EQ(loader.get(folder / "a.png")->width, 300);
  EXPECT_EQ(loader.thumbnail(folder / "a.png")->width, 256);
  EXPECT_EQ(loader.get(folder / "b.png"), nullptr);
  EXPECT_TRUE(loader.is_unreadable(folder / "b.png"));
  EXPECT_FALSE(loader.busy());
  EXPECT_EQ(woken, 3);
}

TEST_F(PictureFiles, AreReadAnewWhenTheyHaveChanged) {
  write_png(folder / "a.png", 30, 30);
  const auto before = fs::last_write_time(folder / "a.png");
  PictureLoader loader;
  loader.get(folder / "a.png", 0, before);
  loader.wait_until_idle();
  write_png(folder / "a.png", 60, 60);
  const auto now = before + std::chrono::seconds(1);
  EXPECT_EQ(loader.get(folder / "a.png", 0, now), nullptr);
  loader.wait_until_idle();
  EXPECT_EQ(loader.get(folder / "a.png", 0, now)->width, 60);
}

TEST_F(PictureFiles, TakeALimitedMemory) {
  for (const char* name : {"a.png", "b.png", "c.png"}) write_png(folder / name, 100, 100);
  PictureLoader loader({}, 70'000);  // two of them
  for (const char* name : {"a.png", "b.png", "c.png"}) {
    loader.get(folder / name);
    loader.wait_until_idle();
  }
  EXPECT_NE(loader.get(folder / "c.png"), nullptr);
  EXPECT_NE(loader.get(folder / "b.png"), nullptr);
  EXPECT_EQ(loader.get(folder / "a.png"), nullptr);  // the one that was used least lately
}

TEST_F(PictureFiles, OfARunJoinTheGallery) {
  write_png(folder / "a.png", 4, 4);
  runs::RunState state;
  state.history.push_back({.id = 7, .files = {folder / "a.png", folder / "gone.png", folder / "notes.txt"}});
  Gallery gallery;
  EXPECT_THAT(*gallery.items(), IsEmpty());
  gallery.take(state);
  gallery.take(state);
  ASSERT_THAT(*gallery.items(), SizeIs(1));
  EXPECT_EQ(gallery.items()->at(0).job, 7u);
}

}  // namespace
}  // namespace weft::editor
