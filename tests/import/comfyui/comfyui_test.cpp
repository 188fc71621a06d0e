// Workflows of ComfyUI, read as Weft's.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/foreign_json.h"
#include "graph/placeholder.h"
#include "import/comfyui/classes.h"
#include "import/comfyui/import.h"
#include "tests/host/standard_nodes.h"

namespace weft::comfyui {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Imported imported(const std::string& text) {
  return import_workflow(json::parse(text), test::standard_nodes(), "test");
}

InputValue input(const Imported& made, const char* node, const char* port) {
  const auto& inputs = made.workflow.graph.node(node).inputs;
  const auto found = inputs.find(port);
  return found == inputs.end() ? InputValue(json()) : found->second;
}

TEST(ComfySwitch, IsTheLinkThatItChooses) {
  const Imported made = imported(R"({
    "1": {"class_type": "PrimitiveString", "inputs": {"value": "no"}},
    "2": {"class_type": "PrimitiveString", "inputs": {"value": "yes"}},
    "3": {"class_type": "PrimitiveBoolean", "inputs": {"value": false}},
    "4": {"class_type": "ComfySwitchNode", "inputs": {"switch": true, "on_false": ["1", 0], "on_true": ["2", 0]}},
    "5": {"class_type": "ComfySwitchNode", "inputs": {"switch": ["3", 0], "on_false": ["4", 0], "on_true": ["1", 0]}},
    "6": {"class_type": "StringLength", "inputs": {"string": ["5", 0]}},
    "7": {"class_type": "StringContains", "inputs": {"string": "a", "substring": "b"}},
    "8": {"class_type": "ComfySwitchNode", "inputs": {"switch": ["7", 0], "on_false": ["1", 0], "on_true": ["2", 0]}}})");
  EXPECT_EQ(input(made, "6", "text"), InputValue(Links{{"2", "value"}}));
  EXPECT_FALSE(made.workflow.graph.contains("4"));
  EXPECT_TRUE(made.workflow.graph.contains("8")) << "it is known only in a run";
  EXPECT_THAT(made.remarks, testing::Contains("the switch 4 stands at true: its link is taken in its place"));
}

constexpr const char* kApi = R"({
  "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd\\v1-5.ckpt"}, "_meta": {"title": "The model"}},
  "5": {"class_type": "CLIPSetLastLayer", "inputs": {"clip": ["4", 1], "stop_at_clip_layer": -2}},
  "6": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["5", 0], "text": "a boat"}},
  "7": {"class_type": "LoadImage", "inputs": {"image": "sea.png [input]", "upload": "image"}, "is_changed": ["x"]},
  "8": {"class_type": "VAEEncode", "inputs": {"pixels": ["7", 0], "vae": ["4", 2]}},
  "3": {"class_type": "KSamplerAdvanced", "inputs": {"model": ["4", 0], "add_noise": "disable", "noise_seed": 18446744073709551615,
    "steps": 20, "cfg": 7.5, "sampler_name": "dpmpp_2m", "scheduler": "karras", "positive": ["6", 0], "negative": ["6", 0],
    "latent_image": ["8", 0], "start_at_step": 3, "end_at_step": 10000, "return_with_leftover_noise": "enable"}},
  "9": {"class_type": "LatentUpscale", "inputs": {"samples": ["3", 0], "upscale_method": "bislerp", "width": 1024,
    "height": 768, "crop": "disabled"}}})";

TEST(ComfyApi, NodesAndPortsGetOurNames) {
  const Imported made = imported(kApi);
  EXPECT_THAT(made.remarks, IsEmpty());
  EXPECT_EQ(made.workflow.graph.node("4").type, "checkpoint.load");
  EXPECT_EQ(made.workflow.graph.node("4").title, "The model");
  EXPECT_EQ(input(made, "4", "name"), InputValue("sd/v1-5.ckpt"));
  EXPECT_EQ(input(made, "5", "skip"), InputValue(2));
  EXPECT_EQ(input(made, "5", "clip"), InputValue(Links{{"4", "clip"}}));
  EXPECT_EQ(input(made, "7", "file"), InputValue("sea.png"));
  EXPECT_EQ(made.workflow.graph.node("7").inputs.size(), 1u) << "'upload' is no input";
  EXPECT_EQ(input(made, "8", "vae"), InputValue(Links{{"4", "vae"}}));
  EXPECT_EQ(input(made, "3", "seed"), InputValue(18446744073709551615u));
  EXPECT_EQ(input(made, "3", "add_noise"), InputValue(false));
  EXPECT_EQ(input(made, "3", "leave_noise"), InputValue(true));
  EXPECT_EQ(input(made, "3", "schedule"), InputValue("karras"));
  EXPECT_EQ(input(made, "9", "crop"), InputValue("none"));
}

TEST(ComfyApi, WhatWeftDoesNotHaveStaysWithAllThatItHolds) {
  const Imported made = imported(R"({
    "1": {"class_type": "SVD_img2vid_Conditioning", "inputs": {"lora_name": "a.safetensors", "strength_model": 0.5, "list": {"__value__": [1, 2]}}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "a boat"}}})");
  EXPECT_EQ(made.workflow.graph.node("1").type, "comfyui.SVD_img2vid_Conditioning");
  EXPECT_EQ(input(made, "1", "lora_name"), InputValue("a.safetensors"));
  EXPECT_EQ(input(made, "1", "strength_model"), InputValue(0.5));
  EXPECT_EQ(input(made, "1", "list"), InputValue("[1,2]"));
  EXPECT_EQ(input(made, "2", "clip"), InputValue(Links{{"1", "output_1"}}));
  EXPECT_THAT(made.remarks, ElementsAre(HasSubstr("no node for 'SVD_img2vid_Conditioning'")));
  EXPECT_EQ(parse_workflow(to_text(made.workflow)).graph, made.workflow.graph) << "it can be saved";
}

TEST(ComfyApi, LinksThatLeadNowhereAreTold) {
  const Imported made = imported(R"({
    "1": {"class_type": "VAEDecode", "inputs": {"samples": ["77", 0], "vae": ["2", 1], "more": 3}},
    "2": {"class_type": "VAELoader", "inputs": {"vae_name": "a"}}})");
  EXPECT_TRUE(made.workflow.graph.node("1").inputs.empty());
  EXPECT_THAT(made.remarks,
      ElementsAre(HasSubstr("'more' of node 1"), HasSubstr("node 77, which is not there"),
          HasSubstr("output 1 of node 2 (VAELoader)")));
}

/// A sampler that gets its model through two reroutes, its seed and steps from primitives.
std::string editor_file(const std::string& sampler_values, const std::string& more = "") {
  return R"({"version": 0.4, "nodes": [
    {"id": 4, "type": "CheckpointLoaderSimple", "pos": [10, 20], "outputs": [{"name": "MODEL"}], "widgets_values": ["v1-5.ckpt"]},
    {"id": 10, "type": "Reroute", "pos": [0, 0], "inputs": [{"name": "", "link": 1}]},
    {"id": 11, "type": "Reroute", "pos": {"0": 0, "1": 0}, "inputs": [{"name": "", "link": 2}]},
    {"id": 12, "type": "PrimitiveNode", "widgets_values": [33, "fixed"]},
    {"id": 3, "type": "KSampler", "title": "Draw", "mode": 4, "pos": {"0": 300, "1": 40},
     "inputs": [{"name": "model", "link": 3}, {"name": "steps", "link": 4, "widget": {"name": "steps"}}],
     "widgets_values": )" +
      sampler_values + R"(},
    {"id": 20, "type": "Note", "pos": [5, 6], "size": [200, 90], "widgets_values": ["Mind the seed"]})" +
      more + R"(],
    "links": [[1, 4, 0, 10, 0, "MODEL"], [2, 10, 0, 11, 0, "*"], [3, 11, "0", 3, 0, "MODEL"], [4, 12, 0, 3, 1, "INT"]],
    "groups": [{"title": "All of it", "bounding": [0, 0, 700, 400]}]})";
}

TEST(ComfyEditorFile, ReadsValuesByTheirOrder) {
  for (const char* values : {R"([7, "randomize", 20, 6.5, "euler", "normal", 0.8])",  // since 2023
           R"([7, true, 20, 6.5, "euler", "normal", 0.8])",         // before
           R"([7, 20, 6.5, "euler", "normal", 0.8])"}) {            // written by other programs
    const Imported made = imported(editor_file(values));
    EXPECT_EQ(input(made, "3", "seed"), InputValue(7)) << values;
    EXPECT_EQ(input(made, "3", "cfg"), InputValue(6.5)) << values;
    EXPECT_EQ(input(made, "3", "schedule"), InputValue("normal")) << values;
    EXPECT_EQ(input(made, "3", "denoise"), InputValue(0.8)) << values;
  }
}

TEST(ComfyEditorFile, FollowsReroutesAndWritesPrimitives) {
  const Imported made = imported(editor_file(R"([7, "fixed", 20, 6.5, "euler", "normal", 1])"));
  EXPECT_EQ(input(made, "3", "model"), InputValue(Links{{"4", "model"}}));
  EXPECT_EQ(input(made, "3", "steps"), InputValue(33)) << "the link wins over the value of its widget";
  EXPECT_EQ(made.workflow.graph.size(), 2u);
}

TEST(ComfyEditorFile, KeepsPlacesNotesGroupsAndStates) {
  const Imported made = imported(
      editor_file("[]", R"(, {"id": 5, "type": "VAEDecode", "mode": 2, "pos": [0, 9], "flags": {"collapsed": true}})"));
  const GraphNode& sampler = made.workflow.graph.node("3");
  EXPECT_EQ(sampler.title, "Draw");
  EXPECT_EQ(sampler.state, NodeState::Bypassed);
  EXPECT_EQ(sampler.ui, (json{{"x", 300.0}, {"y", 40.0}}));
  EXPECT_EQ(made.workflow.graph.node("5").state, NodeState::Muted);
  EXPECT_EQ(made.workflow.graph.node("5").ui, (json{{"x", 0.0}, {"y", 9.0}, {"collapsed", true}}));
  const json& ui = made.workflow.extra.at("ui");
  EXPECT_EQ(ui.at("comments").at(0).at("text"), "Mind the seed");
  EXPECT_EQ(ui.at("frames").at(0).at("title"), "All of it");
  EXPECT_EQ(ui.at("frames").at(0).at("width"), 700);
}

TEST(ComfyEditorFile, PlaceholdersKeepTheTypesOfTheirPorts) {
  const Imported made = imported(editor_file("[]", R"(, {"id": 8, "type": "SomeControlApply", "mode": 4,
    "inputs": [{"name": "positive", "type": "CONDITIONING", "link": null}, {"name": "image", "type": "IMAGE,MASK"},
               {"name": "kind", "type": ["a", "b"]}, {"name": "strength", "type": "FLOAT", "widget": {"name": "strength"}}],
    "outputs": [{"name": "positive", "type": "CONDITIONING"}, {"name": "ANY", "type": "*"}, {"name": "On", "type": "BOOLEAN"}]})"));
  const GraphNode& node = made.workflow.graph.node("8");
  EXPECT_EQ(node.state, NodeState::Bypassed);
  EXPECT_EQ(stated_ports(node),
      (StatedPorts{{{"positive", "conditioning"}, {"image", "image,mask"}, {"kind", "string"}, {"strength", "float"}},
          {{"positive", "conditioning"}, {"any", "any"}, {"on", "bool"}}}));
  EXPECT_FALSE(stated_ports(made.workflow.graph.node("4"))) << "Weft knows it";
  EXPECT_EQ(parse_workflow(to_text(made.workflow)).graph, made.workflow.graph);
}

TEST(ComfyEditorFile, OutputsOfOneNameAreToldApart) {
  const Imported made = imported(R"({"version": 0.4, "nodes": [
    {"id": 1, "type": "TwoImages", "outputs": [{"name": "IMAGE", "type": "IMAGE"}, {"name": "IMAGE", "type": "IMAGE"}]},
    {"id": 2, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 1}]},
    {"id": 3, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 2}]}],
    "links": [[1, 1, 0, 2, 0, "IMAGE"], [2, 1, 1, 3, 0, "IMAGE"]]})");
  EXPECT_EQ(input(made, "2", "image"), InputValue(Links{{"1", "image"}}));
  EXPECT_EQ(input(made, "3", "image"), InputValue(Links{{"1", "image_1"}}));
}

/// Its newer versions have outputs at the nodes that save and show pictures.
TEST(ComfyApi, WhatIsReadFromASavedPictureComesFromWhereItWasMade) {
  const Imported made = imported(R"({
    "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "a"}},
    "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "b"}},
    "5": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}},
    "6": {"class_type": "PreviewImage", "inputs": {"images": ["5", 0]}},
    "7": {"class_type": "PreviewImage", "inputs": {"images": ["2", 1]}}})");
  for (const char* node : {"2", "3", "4"})
    EXPECT_EQ(input(made, node, "image"), InputValue(Links{{"1", "image"}})) << node;
  EXPECT_THAT(made.remarks,
      ElementsAre(HasSubstr("node 5 has a link from node 6, which has it from itself"),
          HasSubstr("node 6 has a link from node 5"), HasSubstr("output 1 of node 2 (SaveImage)")));
}

TEST(ComfyEditorFile, GivesTheApiFormatItsLooks) {
  const json api = json::parse(R"({"3": {"class_type": "KSampler", "inputs": {"seed": 1}}})");
  const Imported made = import_workflow(api, test::standard_nodes(), "test", json::parse(editor_file("[7]")));
  EXPECT_EQ(made.workflow.graph.size(), 1u) << "what ran is what the API format says";
  EXPECT_EQ(input(made, "3", "seed"), InputValue(1));
  EXPECT_EQ(made.workflow.graph.node("3").ui.at("x"), 300.0);
  EXPECT_EQ(made.workflow.graph.node("3").title, "Draw");
}

TEST(ComfyEditorFile, AnythingInItsPlacesIsAnErrorOrNothing) {
  const json whole = json::parse(editor_file(R"([7, "fixed", 20, 6.5, "euler", "normal", 1])"));
  const json flat = whole.flatten();
  int refused = 0, read = 0;
  for (const auto& [pointer, value] : flat.items())
    for (const json& wrong : {json(), json(-1), json(1e300), json("x"), json::array(), json::object()})
      for (json::json_pointer at(pointer); !at.empty(); at.pop_back()) {
        json changed = whole;
        changed[at] = wrong;
        if (!is_workflow(changed)) continue;
        try {
          import_workflow(changed, test::standard_nodes(), "test");
          ++read;
        } catch (const GraphError& error) {
          EXPECT_THAT(error.what(), HasSubstr("damaged"));
          ++refused;
        }
      }
  EXPECT_GT(refused, 20);
  EXPECT_GT(read, 200);
}

TEST(ComfyFormats, AreToldApartFromWeftsAndOthers) {
  EXPECT_TRUE(is_workflow(json::parse(kApi)));
  EXPECT_TRUE(is_workflow(json::parse(editor_file("[]"))));
  for (const char* other : {"{}", "[]", "3", R"({"weft": 1, "nodes": {}})", R"({"nodes": [], "title": "x"})"})
    EXPECT_FALSE(is_workflow(json::parse(other))) << other;
  EXPECT_THROW(imported(R"({"3": {"class_type": 5}})"), GraphError);
}

std::string text_in(const fs::path& file) {
  std::ifstream stream(fs::path(WEFT_SOURCE_DIR) / file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// classes.json: names, order and types as ComfyUI 0.3.64 declares them (its object_info), those of pictures, masks and
/// latents as 0.33.0 does, those of hints as comfyui_controlnet_aux. By the order its editor stores values.
TEST(ComfyClasses, HaveTheInputsThatComfyUIDeclares) {
  const json declared = json::parse(text_in("tests/import/comfyui/classes.json"));
  const std::string docs = text_in("docs/comfyui.md");
  EXPECT_GE(declared.size(), 33u);
  for (const auto& [name, facts] : declared.items()) {
    const Known known = test::standard_nodes().find_foreign(kProgram, name);
    ASSERT_TRUE(known.type) << name;
    const std::vector<ForeignInput>& inputs = known.declared->inputs;
    ASSERT_EQ(inputs.size(), facts["inputs"].size()) << name;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::string type = facts["inputs"][i][1];
      const bool widget = type == "COMBO" || type == "INT" || type == "FLOAT" || type == "STRING" ||
          type == "BOOLEAN" || type == "BOUNDING_BOX";
      EXPECT_EQ(inputs[i].theirs, facts["inputs"][i][0]) << name;
      EXPECT_EQ(has_widget(known, inputs[i]), widget) << name << "." << inputs[i].theirs;
    }
    EXPECT_EQ(known.declared->outputs.size(), facts["outputs"].size()) << name;
    EXPECT_THAT(docs, HasSubstr("| `" + name + "` | `" + known.type->id + "` |"));
  }
}

TEST(ComfyEditorFile, ValuesOfAChoiceAreThoseThatItHas) {
  const auto resized = [](const std::string& values) {
    return imported(
        R"({"version": 0.4, "links": [], "nodes": [{"id": 1, "type": "ResizeImageMaskNode", "widgets_values": )" +
        values + "}]}");
  };
  const Imported size = resized(R"(["scale dimensions", 640, 480, "disabled", "area"])");
  EXPECT_EQ(input(size, "1", "rule"), InputValue("dimensions"));
  EXPECT_EQ(input(size, "1", "width"), InputValue(640));
  EXPECT_EQ(input(size, "1", "height"), InputValue(480));
  EXPECT_EQ(input(size, "1", "crop"), InputValue("none"));
  EXPECT_EQ(input(size, "1", "method"), InputValue("area"));
  const Imported longer = resized(R"(["scale longer dimension", 1280, "lanczos"])");
  EXPECT_EQ(input(longer, "1", "rule"), InputValue("longer side"));
  EXPECT_EQ(input(longer, "1", "side"), InputValue(1280));
  EXPECT_EQ(input(longer, "1", "method"), InputValue("lanczos"));
  EXPECT_EQ(longer.workflow.graph.node("1").inputs.size(), 3u);
  EXPECT_THAT(longer.remarks, IsEmpty());
}

TEST(ComfyEditorFile, TheMembersOfAnObjectCount) {
  const Imported made = imported(R"({"version": 0.4, "links": [], "nodes": [{"id": 1, "type": "ImageCropV2",
    "widgets_values": [{"x": 3, "y": 4, "width": 50, "height": 60}, 0, 0, 512, 512]}]})");
  EXPECT_EQ(input(made, "1", "x"), InputValue(3));
  EXPECT_EQ(input(made, "1", "height"), InputValue(60));
  const Imported api = imported(R"({"1": {"class_type": "ImageCropV2", "inputs": {
    "crop_region": {"x": 3, "y": 4, "width": 50, "height": 60}}}})");
  EXPECT_EQ(api.workflow.graph.node("1").inputs, made.workflow.graph.node("1").inputs);
  EXPECT_THAT(api.remarks, IsEmpty());
}

TEST(ComfyApi, ALinkThatHasNoPortIsTold) {
  const Imported made = imported(R"({"1": {"class_type": "PrimitiveBoundingBox", "inputs": {"x": 1}},
    "2": {"class_type": "ImageCropV2", "inputs": {"crop_region": ["1", 0]}}})");
  EXPECT_THAT(made.remarks, Contains(HasSubstr("'crop_region' of node 2 (ImageCropV2) takes no link")));
}

TEST(ComfyApi, SeveralInputsBecomeOneListInTheOrderOfTheirNumbers) {
  std::string inputs, loads;
  for (int i = 0; i < 12; ++i) {
    const std::string number = std::to_string(i);
    loads += R"("l)" + number + R"(": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}, )";
    inputs += (i ? R"(, "images.image)" : R"("images.image)") + number + R"(": ["l)" + number + R"(", 0])";
  }
  const Imported made =
      imported("{" + loads + R"("b": {"class_type": "BatchImagesNode", "inputs": {)" + inputs + "}}}");
  Links expected;
  for (int i = 0; i < 12; ++i) expected.push_back({"l" + std::to_string(i), "image"});
  EXPECT_EQ(input(made, "b", "images"), InputValue(expected));
  EXPECT_THAT(made.remarks, IsEmpty());
}

TEST(ComfyApi, AColourThatIsANumberBecomesAColour) {
  const Imported made = imported(R"({"1": {"class_type": "EmptyImage", "inputs": {"color": 1245056}}})");
  EXPECT_EQ(input(made, "1", "color"), InputValue("#12ff80"));
}

/// At every place something that may not stand there: an error with words, or a workflow, and nothing else.
TEST(ComfyFormats, DamagedFilesAreErrorsOrWorkflows) {
  int read = 0, refused = 0;
  for (const std::string& good : {std::string(kApi), editor_file(R"([7, "fixed", 20, 6.5, "euler", "normal", 1])")})
    for (const char* bad : {"[", "]", "{}", "NaN", "-Infinity", "null", "\"", "1e999", "-1", "\xff", "\\u0000"})
      for (std::size_t at = 0; at < good.size(); ++at)
        for (const std::size_t instead : {0u, 1u, 5u}) {
          std::string text = good;
          text.replace(at, instead, bad);
          try {
            const json file = read_foreign_json(text, "damaged.json");
            if (!is_workflow(file)) continue;
            parse_workflow(to_text(import_workflow(file, test::standard_nodes(), "damaged.json").workflow));
            ++read;
          } catch (const GraphError&) {
            ++refused;
          }
        }
  EXPECT_GT(read, 1000);
  EXPECT_GT(refused, 1000);
}

/// ComfyUI itself wrote both files of each pair: read from either, the nodes that ran are the same.
TEST(ComfyFormats, GiveTheSameGraph) {
  const fs::path folder = fs::path(WEFT_SOURCE_DIR) / "../shared/fixtures/comfyui/workflows";
  if (!fs::exists(folder))
    GTEST_SKIP() << "ComfyUI's example workflows belong to others and are not in this repository";
  int compared = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    std::string name = entry.path().string();
    if (!name.ends_with(".prompt.json")) continue;
    const std::string other = name.substr(0, name.size() - 12) + ".workflow.json";
    std::ifstream api_file(name), ui_file(other);
    if (!ui_file) continue;
    const json ui_json = json::parse(ui_file);
    if (ui_json.value("/extra/groupNodes"_json_pointer, json()).is_object()) continue;  // group nodes: not read
    const Graph api = import_workflow(json::parse(api_file), test::standard_nodes(), name).workflow.graph;
    const Graph ui = import_workflow(ui_json, test::standard_nodes(), other).workflow.graph;
    for (const GraphNode* node : api.nodes()) {
      if (node->type.starts_with("comfyui.")) continue;  // names of what Weft does not know are not in both
      const GraphNode* same = ui.find(node->id);
      ASSERT_TRUE(same) << name << " " << node->id;
      EXPECT_EQ(node->type, same->type);
      for (const auto& [port, value] : node->inputs) {
        const auto* links = std::get_if<Links>(&value);
        const bool known = !links || !api.node(links->front().node).type.starts_with("comfyui.");
        if (known && value != InputValue("%date:yyyy-MM-dd%")) {
          ASSERT_TRUE(same->inputs.contains(port)) << name << " " << node->id << "." << port;
          EXPECT_EQ(value, same->inputs.at(port)) << name << " " << node->id << "." << port;
        }
      }
    }
    ++compared;
  }
  EXPECT_GT(compared, 20);
}

}  // namespace
}  // namespace weft::comfyui
