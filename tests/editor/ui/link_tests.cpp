// Making, refusing, cutting and splitting links, and building a workflow from nothing.
#include <imgui_internal.h>

#include "editor/session/annotations.h"
#include "tests/editor/ui/ui.h"

namespace weft::editor::test {

namespace {

void a_link_is_dragged_from_output_to_input(Ui& ui) {
  ui.empty();
  ui.add("checkpoint.load", {-320, -100});
  ui.add("text.encode", {60, -60});
  ui.drag(ui.pin("load", "clip", true), ui.pin("encode", "clip", false));
  IM_CHECK(ui.linked("load.clip", "encode.clip"));
}

void a_link_is_dragged_from_input_to_output(Ui& ui) {
  ui.empty();
  ui.add("checkpoint.load", {-320, -100});
  ui.add("text.encode", {60, -60});
  ui.drag(ui.pin("encode", "clip", false), ui.pin("load", "clip", true));
  IM_CHECK(ui.linked("load.clip", "encode.clip"));
}

void types_that_do_not_match_are_refused(Ui& ui) {
  ui.empty();
  ui.add("checkpoint.load", {-320, -100});
  ui.add("text.encode", {60, -60});
  ui.drag(ui.pin("load", "vae", true), ui.pin("encode", "clip", false));
  IM_CHECK(links_of(ui.graph()).empty());
  IM_CHECK_EQ(ui.doc().step_names().size(), 2u);
}

void a_refusal_says_why_before_the_button_is_released(Ui& ui) {
  ui.empty();
  ui.add("checkpoint.load", {-320, -100});
  ui.add("text.encode", {60, -60});
  const ImVec2 from = ui.pin("load", "vae", true), to = ui.pin("encode", "clip", false);
  ui.ctx.MouseMoveToPos(from);
  ui.ctx.MouseDown(0);
  ui.ctx.MouseTeleportToPos({(from.x + to.x) / 2, to.y});
  ui.wait(3);
  ui.ctx.MouseTeleportToPos(to);
  ui.wait(4);
  bool told = false;
  for (const ImGuiWindow* window : ImGui::GetCurrentContext()->Windows)
    told |= window->Active && (window->Flags & ImGuiWindowFlags_Tooltip) != 0;
  ui.ctx.MouseUp(0);
  ui.wait(3);
  IM_CHECK(told);
}

void a_cycle_is_refused(Ui& ui) {
  ui.empty();
  const std::string a = ui.add("image.resize", {-320, -60}), b = ui.add("image.resize", {40, -60});
  ui.drag(ui.pin(a, "image", true), ui.pin(b, "image", false));
  ui.drag(ui.pin(b, "image", true), ui.pin(a, "image", false));
  IM_CHECK_EQ(links_of(ui.graph()).size(), 1u);
}

void a_new_link_replaces_the_old_one(Ui& ui) {
  ui.text_to_image();
  ui.drag(ui.pin("negative", "conditioning", true), ui.pin("sampler", "positive", false));
  IM_CHECK(ui.linked("negative.conditioning", "sampler.positive"));
  IM_CHECK(!ui.linked("positive.conditioning", "sampler.positive"));
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  IM_CHECK(ui.linked("positive.conditioning", "sampler.positive"));
}

void a_link_dropped_on_nothing_offers_what_fits(Ui& ui) {
  ui.empty();
  ui.add("checkpoint.load", {-320, -100});
  const ImVec2 from = ui.pin("load", "clip", true);
  ui.drag(from, {from.x + 180, from.y + 40});
  IM_CHECK(ui.app.panels.search.open);
  for (const SearchList::Entry& entry : ui.app.panels.search.entries)
    IM_CHECK_STR_NE(entry.title.c_str(), "VAE Decode");
  ui.choose("encode text");
  IM_CHECK(ui.linked("load.clip", "encode.clip"));
}

void x_and_a_stroke_cut_links(Ui& ui) {
  ui.text_to_image();
  const ImVec2 middle = ui.link("decode.image", "save.image");
  ui.ctx.KeyDown(ImGuiKey_X);
  ui.drag({middle.x, middle.y - 60}, {middle.x, middle.y + 60});
  ui.ctx.KeyUp(ImGuiKey_X);
  IM_CHECK(!ui.linked("decode.image", "save.image"));
}

void l_and_a_stroke_link_two_nodes(Ui& ui) {
  ui.empty();
  ui.add("checkpoint.load", {-320, -100});
  ui.add("text.encode", {60, -60});
  ui.ctx.KeyDown(ImGuiKey_L);
  ui.drag(ui.title("load"), ui.title("encode"));
  ui.ctx.KeyUp(ImGuiKey_L);
  IM_CHECK(ui.linked("load.clip", "encode.clip"));
}

void l_links_two_selected_nodes(Ui& ui) {
  ui.empty();
  ui.add("checkpoint.load", {-320, -100});
  ui.add("text.encode", {60, -60});
  ui.doc().select({{"encode", "load"}, {}});
  ui.wait();
  ui.key(ImGuiKey_L);
  IM_CHECK(ui.linked("load.clip", "encode.clip"));
}

void a_node_dropped_on_a_link_is_inserted(Ui& ui) {
  ui.text_to_image();
  const std::string node = ui.add("image.resize", {960, 420});
  const ImVec2 from = ui.title(node), to = ui.link("decode.image", "save.image");
  ui.drag(from, {to.x, to.y - 10});
  IM_CHECK(ui.linked("decode.image", node + ".image"));
  IM_CHECK(ui.linked(node + ".image", "save.image"));
}

void a_selected_link_is_deleted(Ui& ui) {
  ui.text_to_image();
  ui.click(ui.link("decode.image", "save.image"));
  IM_CHECK_EQ(ui.canvas().selected_links().size(), 1u);
  ui.key(ImGuiKey_Delete);
  IM_CHECK(!ui.linked("decode.image", "save.image"));
  IM_CHECK_EQ(ui.graph().size(), 7u);
}

void ctrl_delete_heals(Ui& ui) {
  ui.text_to_image();
  const std::string node = ui.add("image.resize", {1100, 420});
  ui.doc().select({});
  const ImVec2 from = ui.title(node), to = ui.link("decode.image", "save.image");
  ui.drag(from, {to.x, to.y - 10});
  ui.doc().select({{node}, {}});
  ui.wait();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Delete);
  IM_CHECK(!ui.graph().contains(node));
  IM_CHECK(ui.linked("decode.image", "save.image"));
}

void a_double_click_on_a_link_adds_a_reroute(Ui& ui) {
  ui.text_to_image();
  const std::size_t before = annotations(ui.doc()).reroutes.size();
  ui.double_click(ui.link("decode.image", "save.image"));
  IM_CHECK_EQ(annotations(ui.doc()).reroutes.size(), before + 1);
  IM_CHECK(ui.linked("decode.image", "save.image"));
}

void the_menu_of_a_port_disconnects(Ui& ui) {
  ui.text_to_image();
  ui.click(ui.pin("save", "image", false), 1);
  ui.ctx.SetRef("//$FOCUSED");
  ui.ctx.ItemClick("Disconnect");
  ui.wait();
  IM_CHECK(!ui.linked("decode.image", "save.image"));
}

/// What the workflow of the two tests below has to be.
void check_text_to_image(Ui& ui) {
  for (const auto& [source, target] : {std::pair{"load.model", "ksampler.model"}, {"load.clip", "encode.clip"},
           {"load.clip", "encode_2.clip"}, {"encode.conditioning", "ksampler.positive"},
           {"encode_2.conditioning", "ksampler.negative"}, {"empty.latent", "ksampler.latent"},
           {"ksampler.latent", "decode.latent"}, {"load.vae", "decode.vae"}, {"decode.image", "save.image"}})
    IM_CHECK_SILENT(ui.linked(source, target));
}

void text_to_image_is_built_with_the_mouse_alone(Ui& ui) {
  ui.empty();
  const auto add_from_library = [&](const char* title, const std::string& id, Point at) {
    ui.ctx.ItemDoubleClick(ui.in_library(title).c_str());
    ui.wait(4);
    const ImVec2 from = ui.title(id);
    const ImVec2 to = ui.at(at);
    ui.drag(from, {to.x + 60 * ui.canvas().zoom(), to.y + 15 * ui.canvas().zoom()});
  };
  ui.canvas().set_zoom(0.6f);
  ui.wait(6);
  add_from_library("Load Checkpoint", "load", {-700, -160});
  add_from_library("Encode Text", "encode", {-400, -360});
  add_from_library("Encode Text", "encode_2", {-400, -180});
  add_from_library("Empty Latent", "empty", {-400, 20});
  add_from_library("KSampler", "ksampler", {-100, -300});
  add_from_library("VAE Decode", "decode", {200, -200});
  add_from_library("Save Image", "save", {480, -200});
  const auto link = [&](const char* from, const char* out, const char* to, const char* in) {
    ui.drag(ui.pin(from, out, true), ui.pin(to, in, false));
  };
  link("load", "model", "ksampler", "model");
  link("load", "clip", "encode", "clip");
  link("load", "clip", "encode_2", "clip");
  link("encode", "conditioning", "ksampler", "positive");
  link("encode_2", "conditioning", "ksampler", "negative");
  link("empty", "latent", "ksampler", "latent");
  link("ksampler", "latent", "decode", "latent");
  link("load", "vae", "decode", "vae");
  link("decode", "image", "save", "image");
  check_text_to_image(ui);
}

void text_to_image_is_built_with_the_keyboard_alone(Ui& ui) {
  ui.empty();
  ui.ctx.MouseTeleportToPos({2, 400});  // the mouse lies elsewhere
  const auto add = [&](const char* query) {
    ui.key(ImGuiKey_Space);
    ui.choose(query);
  };
  const auto connect = [&](const char* query) {
    ui.key(ImGuiKey_C);
    ui.choose(query);
  };
  add("load checkpoint");
  add("encode text");  // what is beyond doubt is linked: clip, model, the sampler's latent, vae, image
  add("encode text");
  add("empty latent");
  add("ksampler");
  connect("positive encode.conditioning");
  connect("negative encode_2.conditioning");
  add("vae decode");
  connect("latent ksampler.latent");
  add("save image");
  check_text_to_image(ui);
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_L);
  IM_CHECK_EQ(ui.graph().size(), 7u);
}

}  // namespace

std::vector<Test> link_tests() {
  return {{"links", "a_link_is_dragged_from_output_to_input", a_link_is_dragged_from_output_to_input},
      {"links", "a_link_is_dragged_from_input_to_output", a_link_is_dragged_from_input_to_output},
      {"links", "types_that_do_not_match_are_refused", types_that_do_not_match_are_refused},
      {"links", "a_refusal_says_why_before_the_button_is_released", a_refusal_says_why_before_the_button_is_released},
      {"links", "a_cycle_is_refused", a_cycle_is_refused},
      {"links", "a_new_link_replaces_the_old_one", a_new_link_replaces_the_old_one},
      {"links", "a_link_dropped_on_nothing_offers_what_fits", a_link_dropped_on_nothing_offers_what_fits},
      {"links", "x_and_a_stroke_cut_links", x_and_a_stroke_cut_links},
      {"links", "l_and_a_stroke_link_two_nodes", l_and_a_stroke_link_two_nodes},
      {"links", "l_links_two_selected_nodes", l_links_two_selected_nodes},
      {"links", "a_node_dropped_on_a_link_is_inserted", a_node_dropped_on_a_link_is_inserted},
      {"links", "a_selected_link_is_deleted", a_selected_link_is_deleted},
      {"links", "ctrl_delete_heals", ctrl_delete_heals},
      {"links", "a_double_click_on_a_link_adds_a_reroute", a_double_click_on_a_link_adds_a_reroute},
      {"links", "the_menu_of_a_port_disconnects", the_menu_of_a_port_disconnects},
      {"links", "text_to_image_is_built_with_the_mouse_alone", text_to_image_is_built_with_the_mouse_alone},
      {"links", "text_to_image_is_built_with_the_keyboard_alone", text_to_image_is_built_with_the_keyboard_alone}};
}

}  // namespace weft::editor::test
