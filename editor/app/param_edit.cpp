#include "editor/app/param_edit.h"

#include <fmt/format.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "base/colour.h"
#include "editor/app/app.h"
#include "editor/session/gestures.h"
#include "editor/session/node_text.h"
#include "editor/session/picture_params.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"
#include "runs/seeds.h"

namespace weft::editor {

const nlohmann::json& param_value(const GraphNode& node, std::string_view port) {
  static const nlohmann::json kNone;
  const auto found = node.inputs.find(port);
  if (found == node.inputs.end() || !std::holds_alternative<Literal>(found->second)) return kNone;
  return std::get<Literal>(found->second);
}

namespace {

/// Where pictures are likely to be: those of the workflow, results, and where some were chosen before.
std::vector<std::filesystem::path> picture_places(const App& app, const Document& document) {
  const RunEnvironment environment = app.environment(document.folder());
  std::vector<std::filesystem::path> places;
  std::error_code none;
  const auto add = [&](const std::filesystem::path& place) {
    std::filesystem::path folder = std::filesystem::absolute(place, none).lexically_normal();
    const bool is_new = std::ranges::find(places, folder) == places.end();
    if (is_new && std::filesystem::is_directory(folder, none)) places.push_back(std::move(folder));
  };
  for (const std::filesystem::path& recent : app.settings.recent_folders) add(recent);
  add(environment.workflow_folder);
  for (const std::filesystem::path& folder : environment.input_folders) add(folder);
  add(environment.output_folder);
  return places;
}

}  // namespace

void ask_for_file(App& app, const std::string& now, const std::function<void(const std::filesystem::path&)>& chosen) {
  const DocumentId id = app.document()->id();
  const auto places = picture_places(app, *app.document());
  const std::filesystem::path at = app.document()->folder() / now;
  std::error_code none;
  const bool known = !now.empty() && std::filesystem::exists(at, none);
  app.file_dialog.ask({.kind = FileDialog::Kind::Open,
      .title = tr("Choose a file"),
      .folder = known      ? at.parent_path()
          : places.empty() ? app.document()->folder()
                           : places.front(),
      .name = known ? at.filename().string() : std::string(),
      .thumbnails = true,
      .places = places,
      .chosen = [&app, id, chosen](const std::filesystem::path& file) {
        if (!app.document() || app.document()->id() != id) return;
        remember_folder(app.settings, file.parent_path());
        app.save_settings_soon();
        app.attempt([&] { chosen(file); });
      }});
}

void open_painter(App& app, const std::string& node) {
  PainterState& state = app.panels.painter;
  state = {.open = true, .node = node, .brush = state.brush, .hardness = state.hardness};
}

std::string shown_seed(const App& app, const Document& document, const GraphNode& node, const PortInfo& port) {
  if (port.widget != Widget::Seed) return {};
  const runs::SeedMode mode = runs::seed_mode(node, port.name);
  if (mode == runs::SeedMode::Fixed) return {};
  const char* mark = mode == runs::SeedMode::Random ? icon::kShuffle : icon::kArrowUp;
  if (const auto run = app.runs->owners.find(document.id()); run != app.runs->owners.end())
    if (const auto used = run->second->seeds.find({node.id, port.name});
        used != run->second->seeds.end() && used->second.mode == mode)
      return fmt::format("{}  {}", mark, used->second.seed);
  return fmt::format(
      "{}  {}", mark, mode == runs::SeedMode::Random ? tr("random") : value_text(port, param_value(node, port.name)));
}

void take_field_edit(App& app, Document& document, std::span<const std::string> nodes, const PortInfo& port,
    const FieldEdit& edit, ImVec2 min, ImVec2 max) {
  if (edit.value) app.attempt([&] { set_param(document, nodes, port.name, *edit.value); });
  if (edit.done) document.end_gesture();
  if (!edit.wants_popup) return;
  if (port.widget == Widget::File) {
    const nlohmann::json now = effective_value(document.graph().node(nodes.front()), port);
    ask_for_file(app, now.is_string() ? now.get<std::string>() : std::string(),
        [&app, all = std::vector(nodes.begin(), nodes.end()), name = port.name](const std::filesystem::path& file) {
          set_param(*app.document(), all, name, app.document()->name_of_file(file));
          app.document()->end_gesture();
        });
    return;
  }
  if (port.widget == Widget::Model) app.assets.refresh();
  const nlohmann::json& value = param_value(document.graph().node(nodes.front()), port.name);
  const nlohmann::json& shown = value.is_null() ? port.init : value;
  app.panels.popup = {.open = true,
      .opened_now = true,
      .nodes = {nodes.begin(), nodes.end()},
      .port = port.name,
      .min = min,
      .max = max,
      .text = shown.is_string() ? shown.get<std::string>() : std::string{}};
}

namespace {

std::string paint_label() { return fmt::format("{}  {}###Paint", icon::kBrush, tr("Paint on the Picture")); }

/// The popup of one param; lives for a frame.
class Popup {
 public:
  Popup(App& app, Document& document, ValuePopup& state, const PortInfo& port, bool is_painting)
      : app_(app), document_(document), state_(state), port_(port), is_painting_(is_painting) {}

  void draw() {
    if (port_.widget == Widget::Color)
      draw_colour();
    else if (port_.widget == Widget::Text)
      draw_text({std::max(width(), ImGui::GetFontSize() * 24), ImGui::GetFontSize() * 11});
    else if (port_.widget == Widget::Choice)
      draw_list(port_.choices);
    else if (port_.widget == Widget::Model)
      draw_models();
    else
      draw_line();
  }

 private:
  float width() const { return state_.max.x - state_.min.x; }

  void set(const nlohmann::json& value) {
    app_.attempt([&] { set_param(document_, state_.nodes, state_.port, value); });
  }
  void choose(const std::string& value) {
    if (port_.widget == Widget::Model && state_.nodes.size() == 1)
      app_.choose_model(state_.nodes.front(), port_, value);
    else
      set(value);
    document_.end_gesture();
    ImGui::CloseCurrentPopup();
  }

  void draw_colour() {
    const Rgb8 now = read_colour(std::string_view(state_.text).substr(0, 7)).value_or(Rgb8{});
    float rgb[3];
    for (int i = 0; i < 3; ++i) rgb[i] = static_cast<float>(now[static_cast<std::size_t>(i)]) / 255;
    if (!ImGui::ColorPicker3("##colour", rgb, ImGuiColorEditFlags_NoSidePreview)) return;
    const auto byte = [&](int i) { return static_cast<std::uint8_t>(rgb[i] * 255 + 0.5f); };
    state_.text = colour_text({byte(0), byte(1), byte(2)});
    set(state_.text);
  }

  void draw_text(ImVec2 size) {
    if (state_.opened_now) ImGui::SetKeyboardFocusHere();
    const bool done = escape_keeps_text();
    if (ImGui::InputTextMultiline("##text", &state_.text, size, ImGuiInputTextFlags_WordWrap)) set(state_.text);
    if (done) ImGui::CloseCurrentPopup();
    if (!is_painting_ || !ImGui::Button(paint_label().c_str())) return;
    ImGui::CloseCurrentPopup();
    open_painter(app_, state_.nodes.front());
  }

  void draw_line() {
    if (state_.opened_now) ImGui::SetKeyboardFocusHere();
    ImGui::SetNextItemWidth(std::max(width(), ImGui::GetFontSize() * 14));
    const bool done = escape_keeps_text();
    const bool entered = ImGui::InputText(
        "##line", &state_.text, ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_AutoSelectAll);
    if (ImGui::IsItemEdited()) set(state_.text);
    if (entered || done) ImGui::CloseCurrentPopup();
  }

  void draw_models() {
    const auto* names = app_.assets.names(port_.folder, app_.environment(document_.folder()).model_folders);
    if (!names)
      dim_text(app_.theme, tr("Looking for models\u2026"));
    else if (names->empty())
      dim_text(app_.theme, tr_format("There is no model in '{}' of the model folders", port_.folder));
    else
      draw_list(*names);
  }

  std::string shown_entry(const std::string& name) const {
    return port_.widget == Widget::Choice ? shown_choice(name) : name;
  }

  void draw_list(const std::vector<std::string>& all) {
    if (state_.opened_now) {
      state_.text.clear();
      ImGui::SetKeyboardFocusHere();
    }
    ImGui::SetNextItemWidth(std::max(width(), ImGui::GetFontSize() * 15));
    const bool entered =
        ImGui::InputTextWithHint("##search", tr("Search"), &state_.text, ImGuiInputTextFlags_EnterReturnsTrue);
    if (ImGui::IsItemEdited()) state_.chosen = 0;
    std::vector<Searchable> list;
    for (const std::string& each : all) list.push_back({.key = each, .title = shown_entry(each), .id = each});
    const std::vector<SearchHit> hits = search(state_.text, list);
    const int count = static_cast<int>(hits.size());
    const bool down = ImGui::IsKeyPressed(ImGuiKey_DownArrow), up = ImGui::IsKeyPressed(ImGuiKey_UpArrow);
    if (count > 0) state_.chosen = std::clamp(state_.chosen + (down ? 1 : 0) - (up ? 1 : 0), 0, count - 1);
    if (ImGui::BeginChild("choices", {0, ImGui::GetFrameHeight() * static_cast<float>(std::min(count, 12) + 0.5f)}, 0,
            ImGuiWindowFlags_NoNavInputs))
      for (int i = 0; i < count; ++i) {
        const std::string& name = all[hits[static_cast<std::size_t>(i)].index];
        if (ImGui::Selectable((shown_entry(name) + "###" + name).c_str(), i == state_.chosen)) choose(name);
        if (i == state_.chosen && (up || down)) ImGui::SetScrollHereY();
      }
    ImGui::EndChild();
    if (entered && count > 0) choose(all[hits[static_cast<std::size_t>(state_.chosen)].index]);
  }

  App& app_;
  Document& document_;
  ValuePopup& state_;
  const PortInfo& port_;
  const bool is_painting_;
};

}  // namespace

void draw_value_popup(App& app) {
  ValuePopup& state = app.panels.popup;
  if (!state.open) return;
  Document* document = app.document();
  const bool all_there = document &&
      std::ranges::all_of(state.nodes, [&](const std::string& node) { return document->graph().contains(node); });
  const GraphNode* node = all_there ? document->graph().find(state.nodes.front()) : nullptr;
  const NodeInfo* type = node ? app.type_of(*node) : nullptr;
  const PortInfo* port = type ? type->find_input(state.port) : nullptr;
  if (!port) {
    state.open = false;
    return;
  }
  if (state.opened_now) ImGui::OpenPopup("Value");
  const bool over = port->widget == Widget::Text || port->widget == Widget::Plain;
  ImGui::SetNextWindowPos({state.min.x, over ? state.min.y : state.max.y + 2}, ImGuiCond_Appearing);
  if (!ImGui::BeginPopup("Value", ImGuiWindowFlags_NoNavInputs)) {
    state.open = false;
    document->end_gesture();
    return;
  }
  Popup(app, *document, state, *port, state.nodes.size() == 1 && painting_param(*type) == port).draw();
  state.opened_now = false;
  ImGui::EndPopup();
}

bool draw_picture_tools(App& app, const GraphNode& node, const NodeInfo& type, bool in_menu) {
  const auto pressed = [in_menu](const std::string& name) {
    return in_menu ? ImGui::MenuItem(name.c_str()) : ImGui::Button(name.c_str(), {ImGui::GetContentRegionAvail().x, 0});
  };
  const bool paints = painting_param(type) != nullptr, has_region = region_params(type).has_value();
  if (paints && pressed(paint_label())) open_painter(app, node.id);
  if (has_region && pressed(fmt::format("{}  {}###Area", icon::kRegion, tr("Choose the Area on the Picture"))))
    app.panels.region = {.open = true, .node = node.id};
  return paints || has_region;
}

}  // namespace weft::editor
