// What is seen and done on pictures: values in the viewer, paintings, regions, files chosen by their
// thumbnails.
#include <algorithm>
#include <cmath>

#include "editor/app/shown_pictures.h"
#include "editor/session/gestures.h"
#include "editor/session/picture_params.h"
#include "editor/window/png_file.h"
#include "tests/editor/ui/ui.h"

namespace weft::editor::test {

namespace {

namespace fs = std::filesystem;

constexpr char kCanvas[] = "//$FOCUSED/##canvas", kPicture[] = "//$FOCUSED/##picture";

Picture plain_picture(int width, int height, std::uint8_t red, std::uint8_t green) {
  Picture picture{width, height, {}};
  for (int i = 0; i < width * height; ++i) picture.rgb.insert(picture.rgb.end(), {red, green, 40});
  return picture;
}

const runs::OutputView* shown(Ui& ui) { return output_of(ui.app, ui.app.viewer().a); }

// The viewer.

void a_conditioning_is_a_table_of_tokens(Ui& ui) {
  ui.text_to_image();
  set_param(ui.doc(), "positive", "text", "a (red:1.3) boat");
  ui.doc().end_gesture();
  ui.app.run({"positive"});
  IM_CHECK(ui.wait_for_runs());
  ui.click(ui.pin("positive", "conditioning", true));
  const runs::OutputView* output = shown(ui);
  IM_CHECK(output && output->description.is_array());
  const nlohmann::json& rows = output->description.at(0).at("tokens").at("rows");
  const auto red = std::ranges::find_if(rows, [](const auto& row) { return row.at(1) == "red"; });
  IM_CHECK(red != rows.end());
  IM_CHECK_LT(std::abs(red->at(2).get<double>() - 1.3), 1e-6);
  IM_CHECK(ui.ctx.WindowInfo("//Viewer/##value").Window != nullptr);
}

void a_latent_is_a_picture_and_numbers(Ui& ui) {
  ui.text_to_image();
  set_param(ui.doc(), "sampler", "steps", 2);
  ui.doc().end_gesture();
  ui.app.run({"sampler"});
  IM_CHECK(ui.wait_for_runs());
  ui.click(ui.pin("sampler", "latent", true));
  IM_CHECK(ui.ctx.ItemExists("//Viewer/##picture"));
  ui.ctx.ItemClick("//Viewer/\uf080##numbers");
  ui.wait();
  IM_CHECK(!ui.ctx.ItemExists("//Viewer/##picture"));
  IM_CHECK(shown(ui) && shown(ui)->description.contains("histogram"));
  const nlohmann::json& said = shown(ui)->description;
  IM_CHECK_EQ(said.at("shape").size(), 4u);
  IM_CHECK_STR_EQ(said.at("dtype").get<std::string>().c_str(), "float32");
  IM_CHECK_LT(said.at("min").get<double>(), said.at("mean").get<double>());
  IM_CHECK_EQ(said.at("histogram").at("counts").size(), 64u);
}

void sigmas_are_a_curve(Ui& ui) {
  ui.text_to_image();
  const std::string node = ui.add("sample.schedule", {640, 480});
  connect(ui.doc(), ui.app.registry, {{"checkpoint", "model"}, {node, "model"}});
  ui.app.run({node});
  IM_CHECK(ui.wait_for_runs());
  ui.app.viewer().mode = ViewerState::Mode::Chosen;
  ui.app.viewer().mode = ViewerState::Mode::Chosen;
  ui.app.viewer().a = {.node = node, .port = "sigmas", .file = {}};
  ui.wait(4);
  IM_CHECK(shown(ui) && shown(ui)->description.size() > 3);
  IM_CHECK(shown(ui)->description.front().get<double>() > shown(ui)->description.back().get<double>());
  IM_CHECK(ui.ctx.WindowInfo("//Viewer/##value").Window != nullptr);
}

void what_an_instance_gives_is_seen_outside_and_inside(Ui& ui) {
  ui.text_to_image();
  set_param(ui.doc(), "sampler", "steps", 2);
  ui.doc().end_gesture();
  const std::string instance =
      make_subgraph(ui.doc(), ui.app.registry, {"negative", "positive", "sampler", "size"}, "Paint");
  ui.app.run();
  IM_CHECK(ui.wait_for_runs());
  const NodeInfo* type = ui.app.type_of(ui.graph().node(instance));
  IM_CHECK(type && !type->outputs.empty());
  ui.app.viewer().mode = ViewerState::Mode::Chosen;
  ui.app.viewer().mode = ViewerState::Mode::Chosen;
  ui.app.viewer().a = {.node = instance, .port = type->outputs[0].name, .file = {}};
  ui.wait(3);
  IM_CHECK(static_cast<bool>(picture_of(ui.app, ui.app.viewer().a)));
  ui.doc().enter(instance);
  ui.wait(6);
  ui.app.viewer().mode = ViewerState::Mode::Chosen;
  ui.app.viewer().mode = ViewerState::Mode::Chosen;
  ui.app.viewer().a = {.node = ui.doc().address("positive"), .port = "conditioning", .file = {}};
  ui.wait(3);
  IM_CHECK(shown(ui) && shown(ui)->description.is_array());
  IM_CHECK(shown(ui)->description.at(0).contains("tokens"));
}

void the_gallery_shows_the_whole_picture(Ui& ui) {
  ui.empty();
  const fs::path file = ui.app.settings.output_folder / "large.png";
  fs::create_directories(file.parent_path());
  write_png(plain_picture(700, 300, 200, 80), file);
  fs::last_write_time(file, fs::file_time_type::clock::now() + std::chrono::hours(1));  // the first of all
  ui.app.gallery.scan(ui.app.settings.output_folder);
  ui.app.gallery.wait_until_idle();
  ui.wait(4);
  ui.ctx.WindowFocus("//Gallery");
  ui.ctx.ItemClick("//Gallery/**/##picture");
  ui.wait();
  ui.app.pictures.wait_until_idle();
  ui.wait(3);
  const ShownPicture picture = picture_of(ui.app, ui.app.viewer().a);
  IM_CHECK(picture.picture != nullptr);
  IM_CHECK_EQ(picture.picture->width, 700);
  fs::remove(file);
  ui.app.gallery.remove(file);
}

// Paintings.

/// A mask of 128 x 128 that nothing is painted on, and its painter.
std::string open_painter(Ui& ui) {
  ui.empty();
  const std::string node = ui.add("mask.draw", {0, 0});
  for (const auto& [port, value] :
      std::vector<std::pair<const char*, nlohmann::json>>{{"width", 128}, {"height", 128}, {"shapes", ""}}) {
    set_param(ui.doc(), node, port, value);
    ui.doc().end_gesture();
  }
  ui.doc().select({.nodes = {node}});
  ui.wait(4);
  ui.ctx.ItemClick("//Inspector/**/###Paint");
  ui.wait(4);
  return node;
}

std::vector<painting::Stroke> strokes(Ui& ui, const std::string& node) {
  return painting::parse(ui.param(node, "shapes").get<std::string>());
}

/// From one place of the painter's frame to another, in parts of the smaller of its sides, from its middle.
void the_menu_of_a_node_opens_its_painter(Ui& ui) {
  ui.empty();
  const std::string node = ui.add("mask.draw", {0, 0});
  ui.click(ui.title(node), 1);
  ui.ctx.ItemClick("//$FOCUSED/###Paint");
  ui.wait(3);
  IM_CHECK(ui.app.panels.painter.open);
  IM_CHECK_STR_EQ(ui.app.panels.painter.node.c_str(), node.c_str());
  ui.key(ImGuiKey_Escape);
}

void stroke(Ui& ui, ImVec2 from, ImVec2 to, int button = 0) {
  const ImRect frame = ui.ctx.ItemInfo(kCanvas).RectFull;
  const float side = std::min(frame.GetWidth(), frame.GetHeight());
  const ImVec2 middle = frame.GetCenter();
  ui.drag(
      {middle.x + from.x * side, middle.y + from.y * side}, {middle.x + to.x * side, middle.y + to.y * side}, button);
}

void a_stroke_is_a_line_and_a_step(Ui& ui) {
  const std::string node = open_painter(ui);
  const std::size_t before = ui.doc().position();
  stroke(ui, {-0.3f, 0}, {0.3f, 0});
  IM_CHECK_EQ(strokes(ui, node).size(), 1u);
  const painting::Stroke made = strokes(ui, node)[0];
  IM_CHECK_LT(std::abs(made.points.front().x - 0.2), 0.02);
  IM_CHECK_LT(std::abs(made.points.back().x - 0.8), 0.05);
  IM_CHECK_LT(std::abs(made.points.back().y - 0.5), 0.02);
  IM_CHECK_EQ(ui.doc().position(), before + 1);
  stroke(ui, {-0.3f, 0.2f}, {0.3f, 0.2f});
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  IM_CHECK_EQ(strokes(ui, node).size(), 1u);
  IM_CHECK_EQ(ui.doc().position(), before + 1);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Y);
  IM_CHECK_EQ(strokes(ui, node).size(), 2u);
  ui.ctx.ItemClick("//$FOCUSED/Done");
  ui.wait();
  IM_CHECK(!ui.app.panels.painter.open);
}

void one_erases_inverts_and_clears(Ui& ui) {
  const std::string node = open_painter(ui);
  stroke(ui, {-0.3f, 0}, {0.3f, 0}, 1);
  IM_CHECK(strokes(ui, node).at(0).kind == painting::Stroke::Kind::Erase);
  ui.key(ImGuiKey_E);
  stroke(ui, {-0.3f, 0}, {0.3f, 0});
  IM_CHECK(strokes(ui, node).at(1).kind == painting::Stroke::Kind::Erase);
  ui.ctx.ItemClick("//$FOCUSED/Invert");
  IM_CHECK(strokes(ui, node).at(2).kind == painting::Stroke::Kind::Invert);
  ui.ctx.ItemClick("//$FOCUSED/Clear");
  ui.wait();
  IM_CHECK_STR_EQ(ui.param(node, "shapes").get<std::string>().c_str(), "");
  ui.key(ImGuiKey_Escape);
  IM_CHECK(!ui.app.panels.painter.open);
}

void a_painting_runs_to_what_was_seen(Ui& ui) {
  const std::string node = open_painter(ui);
  ui.app.panels.painter.hardness = 0.3;
  ui.app.panels.painter.brush = 0.2;
  stroke(ui, {-0.3f, -0.1f}, {0.3f, 0.2f});
  stroke(ui, {0, -0.3f}, {0, 0.3f}, 1);
  const std::vector<float> seen = ui.app.panels.painter.shown;
  ui.ctx.ItemClick("//$FOCUSED/Done");
  ui.wait();
  ui.app.run({node});
  IM_CHECK(ui.wait_for_runs());
  const ShownPicture made = picture_of(ui.app, {.node = node, .port = "mask", .file = {}});
  IM_CHECK(made.picture && made.picture->rgb.size() == seen.size() * 3);
  float most = 0;
  for (std::size_t i = 0; i < seen.size(); ++i)
    most = std::max(most, std::abs(seen[i] * 255 - static_cast<float>(made.picture->rgb[i * 3])));
  IM_CHECK_LT(most, 1.01f);
  IM_CHECK_GT(*std::ranges::max_element(seen), 0.9f);
}

void a_painting_takes_the_size_of_its_picture(Ui& ui) {
  ui.text_to_image();
  set_param(ui.doc(), "sampler", "steps", 2);
  ui.doc().end_gesture();
  const std::string node = ui.add("mask.draw", {1280, 330});
  connect(ui.doc(), ui.app.registry, {{"decode", "image"}, {node, "image"}});
  ui.app.run({node});
  IM_CHECK(ui.wait_for_runs());
  ui.doc().select({.nodes = {node}});
  ui.wait(4);
  ui.ctx.ItemClick("//Inspector/**/###Paint");
  ui.wait(4);
  IM_CHECK_EQ(ui.app.panels.painter.width, 128);  // the node's own params say 512
  ui.key(ImGuiKey_Escape);
}

void a_painting_shows_the_file_that_is_loaded(Ui& ui) {
  ui.empty();
  write_png(plain_picture(300, 200, 200, 20), ui.scratch / "loaded.png");
  const std::string load = ui.add("image.load", {-300, 0}), mask = ui.add("mask.draw", {0, 0});
  set_param(ui.doc(), load, "file", (ui.scratch / "loaded.png").string());
  ui.doc().end_gesture();
  connect(ui.doc(), ui.app.registry, {{load, "image"}, {mask, "image"}});
  ui.doc().select({.nodes = {mask}});
  ui.wait(4);
  ui.app.pictures.wait_until_idle();
  ui.wait(4);
  const NodeView* view = ui.canvas().model().find(load);
  IM_CHECK_GT(view->layout.size.y, view->layout.thumbnail_top + 40);  // it has room for the picture
  ui.ctx.ItemClick("//Inspector/**/###Paint");
  ui.wait(4);
  ui.app.pictures.wait_until_idle();
  ui.wait(4);
  IM_CHECK_EQ(ui.app.panels.painter.width, 300);  // before any run
  IM_CHECK_EQ(ui.app.panels.painter.height, 200);
  ui.key(ImGuiKey_Escape);
}

// Regions.

std::string open_region(Ui& ui) {
  ui.empty();
  const std::string node = ui.add("conditioning.set_area", {0, 0});
  for (const auto& [port, value] :
      std::vector<std::pair<const char*, int>>{{"x", 128}, {"y", 128}, {"width", 192}, {"height", 128}}) {
    set_param(ui.doc(), node, port, value);
    ui.doc().end_gesture();
  }
  ui.doc().select({.nodes = {node}});
  ui.wait(4);
  ui.ctx.ItemClick("//Inspector/**/###Area");
  ui.wait(4);
  return node;
}

/// A place of the picture, which without a run is 512 pixels wide and high, on the screen.
ImVec2 on_picture(Ui& ui, float x, float y) {
  const ImRect frame = ui.ctx.ItemInfo(kPicture).RectFull;
  const float margin = 24 * ui.app.ui_scale();
  const float zoom = (std::min(frame.GetWidth(), frame.GetHeight()) - 2 * margin) / 512;
  const ImVec2 middle = frame.GetCenter();
  return {middle.x + (x - 256) * zoom, middle.y + (y - 256) * zoom};
}

void check_region(Ui& ui, const std::string& node, int x, int y, int width, int height) {
  IM_CHECK_EQ(ui.param(node, "x").get<int>(), x);
  IM_CHECK_EQ(ui.param(node, "y").get<int>(), y);
  IM_CHECK_EQ(ui.param(node, "width").get<int>(), width);
  IM_CHECK_EQ(ui.param(node, "height").get<int>(), height);
}

void a_region_is_dragged_by_a_handle(Ui& ui) {
  const std::string node = open_region(ui);
  const std::size_t before = ui.doc().position();
  ui.drag(on_picture(ui, 320, 256), on_picture(ui, 401, 330));
  check_region(ui, node, 128, 128, 272, 200);  // in steps of 8
  IM_CHECK_EQ(ui.doc().position(), before + 1);
  ui.drag(on_picture(ui, 128, 228), on_picture(ui, 65, 240));  // the left edge
  check_region(ui, node, 64, 128, 336, 200);
  ui.ctx.SetRef("//$FOCUSED");
  ui.ctx.ItemClick("**/Done");
  ui.wait();
  IM_CHECK(!ui.app.panels.region.open);
}

void a_region_is_moved_within_the_picture(Ui& ui) {
  const std::string node = open_region(ui);
  ui.drag(on_picture(ui, 200, 200), on_picture(ui, 232, 184));
  check_region(ui, node, 160, 112, 192, 128);
  ui.drag(on_picture(ui, 200, 200), on_picture(ui, 20, 20));
  check_region(ui, node, 0, 0, 192, 128);
  ui.key(ImGuiKey_Escape);
}

void a_region_is_drawn_anew_and_typed(Ui& ui) {
  const std::string node = open_region(ui);
  ui.drag(on_picture(ui, 400, 320), on_picture(ui, 480, 480));
  check_region(ui, node, 400, 320, 80, 160);
  ui.ctx.SetRef("//$FOCUSED");
  ui.ctx.ItemInputValue("**/##x", 24);
  ui.wait();
  IM_CHECK_EQ(ui.param(node, "x").get<int>(), 24);
  ui.key(ImGuiKey_Escape);
}

// Files.

void a_picture_is_chosen_by_its_thumbnail(Ui& ui) {
  ui.empty();
  const fs::path folder = ui.scratch / "pictures";
  fs::create_directories(folder);
  write_png(plain_picture(40, 30, 200, 20), folder / "boat.png");
  write_png(plain_picture(30, 40, 20, 200), folder / "tree.png");
  remember_folder(ui.app.settings, folder);
  const std::string node = ui.add("image.load", {0, 0});
  ui.doc().save_as(ui.scratch / "with-a-picture.json");
  ui.doc().select({.nodes = {node}});
  ui.wait(4);
  ui.ctx.ItemClick("//Inspector/**/##file");
  IM_CHECK(ui.app.file_dialog.is_open());
  for (int i = 0; i < 300 && ui.app.file_dialog.busy(); ++i) ui.ctx.SleepNoSkip(0.01f, 0.01f);
  ui.wait(3);
  ui.ctx.SetRef("//$FOCUSED");
  IM_CHECK(ui.ctx.ItemExists("**/boat.png/##entry"));
  ui.ctx.ItemInput("##filter");
  ui.ctx.KeyChars("TRE");
  ui.wait(4);
  IM_CHECK(!ui.ctx.ItemExists("**/boat.png/##entry"));
  ui.ctx.ItemDoubleClick("**/tree.png/##entry");
  ui.wait(4);
  IM_CHECK(!ui.app.file_dialog.is_open());
  // Named from the workflow's folder on: both can be moved together.
  IM_CHECK_STR_EQ(ui.param(node, "file").get<std::string>().c_str(), "pictures/tree.png");
  IM_CHECK_EQ(ui.doc().step_names().size(), 2u);  // the node, and its file
}

}  // namespace

std::vector<Test> picture_tests() {
  return {{"pictures", "a_conditioning_is_a_table_of_tokens", a_conditioning_is_a_table_of_tokens},
      {"pictures", "a_latent_is_a_picture_and_numbers", a_latent_is_a_picture_and_numbers},
      {"pictures", "sigmas_are_a_curve", sigmas_are_a_curve},
      {"pictures", "what_an_instance_gives_is_seen_outside_and_inside",
          what_an_instance_gives_is_seen_outside_and_inside},
      {"pictures", "the_gallery_shows_the_whole_picture", the_gallery_shows_the_whole_picture},
      {"pictures", "the_menu_of_a_node_opens_its_painter", the_menu_of_a_node_opens_its_painter},
      {"pictures", "a_stroke_is_a_line_and_a_step", a_stroke_is_a_line_and_a_step},
      {"pictures", "one_erases_inverts_and_clears", one_erases_inverts_and_clears},
      {"pictures", "a_painting_runs_to_what_was_seen", a_painting_runs_to_what_was_seen},
      {"pictures", "a_painting_takes_the_size_of_its_picture", a_painting_takes_the_size_of_its_picture},
      {"pictures", "a_painting_shows_the_file_that_is_loaded", a_painting_shows_the_file_that_is_loaded},
      {"pictures", "a_region_is_dragged_by_a_handle", a_region_is_dragged_by_a_handle},
      {"pictures", "a_region_is_moved_within_the_picture", a_region_is_moved_within_the_picture},
      {"pictures", "a_region_is_drawn_anew_and_typed", a_region_is_drawn_anew_and_typed},
      {"pictures", "a_picture_is_chosen_by_its_thumbnail", a_picture_is_chosen_by_its_thumbnail}};
}

}  // namespace weft::editor::test
