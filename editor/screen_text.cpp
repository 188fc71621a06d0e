#include "editor/screen_text.h"

#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <stdexcept>

#include "editor/app/menus.h"
#include "editor/app/shown_pictures.h"

namespace weft::editor {

namespace {

using Json = nlohmann::json;

Json rounded(ImVec4 at) {
  return {static_cast<int>(at.x), static_cast<int>(at.y), static_cast<int>(at.z), static_cast<int>(at.w)};
}

Json rounded(ImVec2 at) { return {static_cast<int>(at.x), static_cast<int>(at.y)}; }

Json json_of(const ScreenItem& item) {
  Json json{{"label", item.label}, {"window", item.window}, {"at", rounded(item.at)}};
  if (item.checked) json["checked"] = true;
  if (item.opened) json["opened"] = true;
  return json;
}

Json json_of(const Canvas& canvas, const NodeView& view, bool selected) {
  const auto on_screen = [&](ImVec2 at) { return canvas.to_screen({view.at.x + at.x, view.at.y + at.y}); };
  const auto box = [&](ImVec2 at, ImVec2 size) {
    const ImVec2 min = on_screen(at);
    return rounded(ImVec4{min.x, min.y, size.x * canvas.zoom(), size.y * canvas.zoom()});
  };
  Json json{{"id", view.id}, {"type", view.node->type}, {"title", view.layout.title}, {"selected", selected},
      {"at", box({0, 0}, view.layout.size)}};
  for (const ShownPort& port : view.layout.ports) {
    json[port.is_output ? "outputs" : "inputs"][port.info.name] = rounded(on_screen(port.pin));
    if (port.field) json["fields"][port.info.name] = box(port.field_min, port.field_size);
  }
  for (const auto& [port, input] : view.node->inputs)
    if (const auto* literal = std::get_if<Literal>(&input)) json["values"][port] = *literal;
  return json;
}

/// Frames and comments: their text, and where they are.
Json notes_of(const Tab& tab) {
  Json notes = Json::array();
  const auto add = [&](const std::string& id, const std::string& text, const Rect& area) {
    const ImVec2 min = tab.canvas.to_screen({static_cast<float>(area.at.x), static_cast<float>(area.at.y)});
    const float zoom = tab.canvas.zoom();
    const ImVec4 at{
        min.x, min.y, static_cast<float>(area.size.width) * zoom, static_cast<float>(area.size.height) * zoom};
    notes.push_back({{"id", id}, {"text", text}, {"at", rounded(at)}});
  };
  for (const Frame& frame : tab.canvas.model().frames) add(frame.id, frame.title, frame.area);
  for (const Comment& comment : tab.canvas.model().comments) add(comment.id, comment.text, comment.area);
  return notes;
}

Json json_of(const Tab& tab) {
  const Document& document = *tab.document;
  Json json{{"name", document.name()}, {"file", document.file().string()}, {"dirty", document.dirty()},
      {"scope", document.scope()}, {"steps", document.position()}, {"links", tab.canvas.model().links.size()},
      {"zoom", tab.canvas.zoom()}, {"nodes", Json::array()}, {"notes", notes_of(tab)},
      {"canvas",
          rounded(ImVec4{tab.canvas.screen_min().x, tab.canvas.screen_min().y,
              tab.canvas.screen_max().x - tab.canvas.screen_min().x,
              tab.canvas.screen_max().y - tab.canvas.screen_min().y})}};
  for (const NodeView& view : tab.canvas.model().nodes)
    json["nodes"].push_back(json_of(tab.canvas, view, document.selection().nodes.contains(view.id)));
  return json;
}

/// Another one for another picture.
std::string text_of(const Picture* picture) {
  if (!picture) return {};
  const std::string_view bytes(reinterpret_cast<const char*>(picture->rgb.data()), picture->rgb.size());
  return fmt::format("{}x{} {:016x}", picture->width, picture->height, std::hash<std::string_view>{}(bytes));
}

Json json_of_viewer(App& app) {
  const ViewerState& viewer = app.viewer();
  const ShownPicture picture = picture_of(app, viewer.a);
  constexpr const char* kModes[] = {"follow", "chosen", "pinned"};
  Json json{{"mode", kModes[static_cast<int>(viewer.mode)]}};
  if (viewer.a) json["caption"] = caption_of(app, viewer.a, picture);
  if (picture) json["picture"] = text_of(picture.picture.get()), json["stale"] = is_stale(app, viewer.a, picture);
  if (viewer.b) json["b"] = {{"caption", viewer.b->caption}, {"picture", text_of(viewer.b->picture.get())}};
  return json;
}

/// What a run left at the nodes that are shown.
void add_results(App& app, Json& document) {
  constexpr const char* kStates[] = {"", "queued", "running", "cached", "done", "failed", "skipped", "cancelled"};
  const std::vector<Shown> pictures = all_pictures(app);
  for (Json& node : document["nodes"]) {
    const auto& id = node["id"].get_ref<const std::string&>();
    const std::string address = app.document()->address(id);
    if (std::ranges::find(pictures, address, &Shown::node) != pictures.end()) node["picture"] = true;
    const runs::NodeRun* run = app.node_run(id);
    if (!run || run->state == runs::NodeRun::State::Idle) continue;
    node["state"] = kStates[static_cast<int>(run->state)];
    node["stale"] = run->origin && app.stale.is_stale(*app.document(), app.registry, run->origin->workflow, address);
  }
}

Json popups(const ImGuiContext& g) {
  Json names = Json::array();
  for (const ImGuiPopupData& popup : g.OpenPopupStack)
    if (popup.Window && popup.Window->Active) names.push_back(popup.Window->Name);
  return names;
}

std::string label_of(const std::vector<ScreenItem>& items, ImGuiID id) {
  const auto found = std::ranges::find(items, id, &ScreenItem::id);
  return id == 0 || found == items.end() ? std::string{} : found->label;
}

}  // namespace

ScreenText::ScreenText(const std::filesystem::path& file) : out_(file, std::ios::trunc) {
  if (!out_) throw std::runtime_error(fmt::format("--describe {}: this file cannot be written", file.string()));
  ImGuiContext& g = *ImGui::GetCurrentContext();
  g.TestEngine = this;
  g.TestEngineHookItems = true;
}

ScreenText::~ScreenText() {
  ImGuiContext& g = *ImGui::GetCurrentContext();
  g.TestEngineHookItems = false;
  g.TestEngine = nullptr;
}

void ScreenText::add(ScreenItem item) { items_.push_back(std::move(item)); }

void ScreenText::label(ImGuiID id, const char* text, bool checked, bool opened) {
  const auto found =
      std::find_if(items_.rbegin(), items_.rend(), [&](const ScreenItem& item) { return item.id == id; });
  if (found == items_.rend()) return;
  found->label = text ? text : "";
  found->checked = checked, found->opened = opened;
}

void ScreenText::end_frame(App& app, const std::string& title) {
  const ImGuiContext& g = *ImGui::GetCurrentContext();
  Json json{{"title", title}, {"focus", g.NavWindow ? g.NavWindow->RootWindow->Name : ""}, {"popups", popups(g)},
      {"active", label_of(items_, g.ActiveId)}, {"items", Json::array()}, {"documents", Json::array()},
      {"toast", std::chrono::steady_clock::now() < app.toast_until ? app.toast : std::string{}},
      {"running", app.runs->running() != nullptr}};
  for (const ScreenItem& item : items_)
    if (!item.label.empty() && item.at.z > 0 && item.at.w > 0) json["items"].push_back(json_of(item));
  for (const auto& tab : app.tabs) json["documents"].push_back(tab->document->name());
  if (app.active_tab) {
    json["document"] = json_of(*app.active_tab);
    add_results(app, json["document"]);
  }
  json["viewer"] = json_of_viewer(app);
  if (const runs::Job* job = app.runs->running()) json["progress"] = progress_text(*job);
  if (const LightboxState& lightbox = app.panels.lightbox; lightbox.open) {
    const Shown& shown = lightbox.pictures[lightbox.at];
    json["lightbox"] = caption_of(app, shown, picture_of(app, shown));
  }
  std::string now = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (now == before_) return;
  before_ = now;
  using namespace std::chrono;
  out_ << fmt::format(R"({{"frame":{},"ms":{},)", g.FrameCount,
              duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count())
       << std::string_view(now).substr(1) << std::endl;
}

}  // namespace weft::editor

// ImGui is built with the hooks of its test engine, which this program does not have: ScreenText hears them, where there
// is one. What lies on the node editor's canvas is told in the canvas's own units, and known from the document better.
void ImGuiTestEngineHook_ItemAdd(ImGuiContext* context, ImGuiID id, const ImRect& box, const ImGuiLastItemData*) {
  auto* text = static_cast<weft::editor::ScreenText*>(context->TestEngine);
  const ImGuiWindow* window = context->CurrentWindow;
  if (!text || !window || window->Hidden || !window->WasActive) return;
  if (std::string_view(window->Name).find("###document") != std::string_view::npos) return;
  ImRect seen = box;
  seen.ClipWithFull(window->ClipRect);
  text->add({.id = id,
      .label = {},
      .window = window->RootWindow ? window->RootWindow->Name : window->Name,
      .at = {seen.Min.x, seen.Min.y, seen.GetWidth(), seen.GetHeight()}});
}

void ImGuiTestEngineHook_ItemInfo(ImGuiContext* context, ImGuiID id, const char* label, ImGuiItemStatusFlags flags) {
  if (auto* text = static_cast<weft::editor::ScreenText*>(context->TestEngine))
    text->label(id, label, flags & ImGuiItemStatusFlags_Checked, flags & ImGuiItemStatusFlags_Opened);
}

void ImGuiTestEngineHook_Log(ImGuiContext*, const char*, ...) {}
const char* ImGuiTestEngine_FindItemDebugLabel(ImGuiContext*, ImGuiID) { return nullptr; }
