#include "editor/app/app.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>

#include "editor/session/layout.h"
#include "editor/session/node_way.h"
#include "editor/session/picture_file.h"

namespace weft::editor {

namespace fs = std::filesystem;

namespace {

std::string clock_time() {
  return fmt::format(
      "{:%H:%M:%S}", fmt::localtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

}  // namespace

std::string problem_address(const Document& document, const std::string& node) {
  return document.path().empty() ? node : address_in_subgraph(document.scope(), node);
}

App::App(AppOptions given)
    : options(std::move(given)),
      templates(templates_in(options.examples_folder)),
      plugins(registry, options.plugin_folders),
      assets(options.wake),
      gallery(options.wake),
      pictures(options.wake),
      stories(registry, options.wake),
      workspace(registry,
          {.environment = [this](const fs::path& folder) { return environment(folder); },
              .wake = options.wake,
              .examples_folder = options.examples_folder}),
      runs(std::make_shared<runs::RunState>()) {
  theme_for_now = options.theme;
  ImGui::GetIO().IniSavingRate = 1;
  ImGui::GetIO().ConfigDragClickToInputText = true;  // numbers are dragged, or typed after a click
  LoadedSettings loaded = load_settings(options.settings_file);
  settings = std::move(loaded.settings);
  if (!loaded.message.empty()) notify(loaded.message, LogLine::Kind::Warning);
  if (const auto layout = settings.panels.find("layout"); layout != settings.panels.end() && layout->is_string()) {
    ImGui::LoadIniSettingsFromMemory(layout->get_ref<const std::string&>().c_str());
    layout_wanted = false;
  }
  if (const auto shown = settings.panels.find("shown"); shown != settings.panels.end())
    panels.shown.take_wishes(*shown);
  if (const auto scale = settings.panels.find("scale"); scale != settings.panels.end() && scale->is_number())
    panels.docks_scale = scale->get<float>();
  apply_look();
  bind_commands();
  commands.take(settings.keys);
  for (const PluginInfo& plugin : plugins.plugins())
    if (!plugin.problem.empty()) notify(plugin.problem, LogLine::Kind::Warning);
  attempt([&] { workspace.open_journal(options.state_folder / "sessions"); });
  const Journal* journal = workspace.journal();
  if (journal) panels.recovery.found = journal->recoverable();
  runs::RunQueueOptions queue_options;
  queue_options.runner.open_runtime = options.open_runtime;
  queue_options.runner.environment = [this](const fs::path& folder) { return environment(folder); };
  if (journal) queue_options.folder = journal->queue_folder();
  queue_options.wake = options.wake;
  queue_options.wording = shown_wording();
  queue = std::make_unique<runs::RunQueue>(registry, std::move(queue_options));
  if (journal)
    for (const fs::path& left : journal->left_queues()) queue->take_up(left);
  gallery.scan(settings.output_folder);
}

App::~App() {
  queue.reset();  // its threads use what follows
  ImGui::GetIO().WantSaveIniSettings = true;
  take_layout();
  if (settings_changed) save_settings_now();
}

float App::ui_scale() const {
  return settings.ui_scale > 0 ? static_cast<float>(settings.ui_scale) : options.display_scale;
}

void App::take_language() {
  choose_language(options.translations_folder, settings.language);
  fonts = font_shelf.take(language());
  if (const std::string wanted = language(); !fonts.shows(tr("English"))) {
    choose_language({}, "en");
    fonts = font_shelf.take("en");
    notify(tr_format("No font here has the letters of the language '{}': install one, such as Debian's package "
                     "fonts-noto-cjk, and start Weft again. Its texts are English until then",
               wanted),
        LogLine::Kind::Error);
  }
  ImGui::GetIO().FontDefault = fonts.regular;
}

void App::apply_look() {
  take_language();
  theme = Theme::make(theme_for_now.value_or(settings.theme) != Settings::Theme::Light);
  apply_theme(theme, metric::kTextSize, ui_scale());
  look_changed = false;
}

RunEnvironment App::environment(const fs::path& folder) const {
  return environment_of(settings, folder, options.dtype);
}

void App::notify(std::string text, LogLine::Kind kind) {
  log.push_back({kind, clock_time(), text});
  constexpr std::size_t kLongest = 1000;
  if (log.size() > kLongest) log.pop_front();
  toast = std::move(text);
  toast_kind = kind;
  toast_button.clear();
  toast_until = std::chrono::steady_clock::now() + std::chrono::seconds(kind == LogLine::Kind::Error ? 10 : 5);
}

void App::copy_picture(const fs::path& file) {
  if (options.copy_picture && options.copy_picture(file)) {
    notify(tr_format("Copied {}", file.filename().string()));
    return;
  }
  ImGui::SetClipboardText(file.c_str());
  notify(tr_format("Copied the path of {}: this system's clipboard does not take the picture itself",
             file.filename().string()),
      LogLine::Kind::Warning);
}

void App::offer(std::string text, std::string button, std::function<void()> action) {
  notify(std::move(text));
  toast_button = std::move(button);
  toast_action = std::move(action);
  toast_until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
}

bool App::attempt(const std::function<void()>& action) {
  try {
    action();
    return true;
  } catch (const GraphError& error) {
    for (const Problem& problem : error.problems()) notify(problem.text(), LogLine::Kind::Error);
  } catch (const std::exception& error) {
    notify(error.what(), LogLine::Kind::Error);
  }
  return false;
}

// Documents.

Tab* App::active() { return active_tab; }

Tab& App::show(OpenDocument& opened) {
  panels.open_problem.clear();
  tabs.push_back(std::make_unique<Tab>(opened));
  active_tab = tabs.back().get();
  return *active_tab;
}

Tab& App::show(std::unique_ptr<Document> document) { return show(workspace.add(std::move(document))); }

void App::new_document() { show(std::make_unique<Document>()); }

bool App::open(const fs::path& file) {
  if (const OpenDocument* known = workspace.find(file)) {
    for (const auto& tab : tabs) tab->focus = tab->focus || &tab->open == known;
    return true;
  }
  return attempt_to_open([&] {
    Workspace::Opened opened = workspace.open(file);
    show(opened.open);
    if (!opened.own_file && opened.remarks.empty()) notify(tr_format("The workflow of {}", file.filename().string()));
    for (std::string& remark : opened.remarks) notify(std::move(remark), LogLine::Kind::Warning);
    if (is_picture_name(file)) return;  // the gallery has those
    remember_file(settings, fs::absolute(file));
    save_settings_soon();
  });
}

bool App::open_copy(const fs::path& file) {
  return attempt_to_open([&] {
    show(workspace.open_copy(file));
    notify(tr_format("A copy of {}: saving asks for a name", file.filename().string()));
  });
}

bool App::attempt_to_open(const std::function<void()>& action) {
  const bool opened = attempt(action);
  if (!opened && tabs.empty()) panels.open_problem = toast;
  return opened;
}

void App::save(Tab& tab) {
  if (tab.document->file().empty()) {
    save_as(tab);
    return;
  }
  if (tab.document->on_disk() == Document::OnDisk::Changed)
    tab.open.changed_on_disk = true;  // asks first: saving would destroy what somebody else wrote
  else
    write(*tab.document, fs::path(tab.document->file()));
}

bool App::write(Document& document, const fs::path& file) {
  const bool written = attempt([&] { workspace.save_as(document, file); });
  if (written) notify(tr_format("Saved {}", file.string()));
  return written;
}

void App::save_as(Tab& tab) {
  const DocumentId id = tab.document->id();
  const fs::path file = tab.document->file().empty() ? workspace.proposed_file(*tab.document) : tab.document->file();
  file_dialog.ask({.kind = FileDialog::Kind::Save,
      .title = tr("Save workflow"),
      .folder = file.parent_path(),
      .name = file.filename().string(),
      .extensions = {".json"},
      .chosen = [this, id](const fs::path& file) {
        for (auto& each : tabs) {
          if (each->document->id() != id) continue;
          if (!write(*each->document, file)) return;
          remember_file(settings, file);
          save_settings_soon();
        }
      }});
}

void App::close(Tab& tab) {
  if (tab.document->dirty())
    tab.asked_to_close = true;
  else
    close_now(tab);
}

void App::close_now(Tab& tab) {
  const auto at = std::ranges::find(tabs, &tab, &std::unique_ptr<Tab>::get);
  if (at == tabs.end()) return;
  const DocumentId document = tab.document->id();
  queue->forget(document);
  stale.forget(document);
  tabs.erase(at);
  workspace.close(document);
  active_tab = tabs.empty() ? nullptr : tabs.back().get();
  models_looked_for_ = nullptr;  // a later tab may have its address
}

void App::request_quit() {
  if (workspace.any_dirty())
    panels.quitting = true;
  else
    quit_now();
}

void App::quit_now() {
  workspace.give_up_unsaved();
  quit = true;
}

// Nodes.

void App::lead_to(const std::string& address) {
  Document* doc = document();
  if (!doc || address.empty()) return;
  const std::optional<NodeWay> way = way_to(doc->workflow(), address);
  if (!way) {
    notify(tr_format("No node uses '{}'", address.substr(0, address.find('/'))), LogLine::Kind::Warning);
    return;
  }
  attempt([&] {
    if (doc->path() != way->instances) {
      doc->leave(0);
      for (const std::string& instance : way->instances) doc->enter(instance);
    }
    if (!doc->graph().contains(way->node)) return;
    doc->select({{way->node}, {}});
    active_tab->canvas.look_at(way->node);
  });
}

const NodeInfo* App::type_of(const GraphNode& node) {
  return document() ? document()->types(registry).find(node.type) : nullptr;
}

// Frames.

void App::begin_frame() {
  if (look_changed) apply_look();
  take_runs();
  workspace.check();
  look_for_models();
  for (const fs::path& gone : workspace.look_at_disk())
    notify(tr_format("{} is no longer on the disk; saving writes it again", gone.string()), LogLine::Kind::Warning);
  hear_keys();
}

void App::end_frame() {
  panels.popup_was_open = ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel);
  workspace.record();
  take_layout();
  if (settings_changed) save_settings_now();
  textures.collect();
}

Dialog App::dialog() const {
  if (file_dialog.is_open()) return Dialog::File;
  if (panels.quitting) return Dialog::Quit;
  if (std::ranges::any_of(tabs, [](const auto& tab) { return tab->asked_to_close; })) return Dialog::Close;
  if (panels.disk_change.document != 0) return Dialog::DiskChange;
  if (!panels.recovery.found.empty()) return Dialog::Recovery;
  if (panels.settings.open) return Dialog::Settings;
  if (panels.about) return Dialog::About;
  if (panels.templates) return Dialog::Templates;
  if (panels.painter.open || panels.region.open || panels.lightbox.open) return Dialog::Picture;
  if (panels.vary.open) return Dialog::Vary;
  return Dialog::None;
}

void App::show_panels(const std::function<void(ShownPanels&)>& change) {
  change(panels.shown);
  settings.panels["shown"] = panels.shown.wishes();
  settings_changed = true;
}

/// Where the panels are is a part of the settings.
void App::take_layout() {
  if (panels.frames_to_focus > 0 || !std::exchange(ImGui::GetIO().WantSaveIniSettings, false)) return;
  settings.panels["layout"] = ImGui::SaveIniSettingsToMemory();
  settings.panels["scale"] = panels.docks_scale;
  settings_changed = true;
}

void App::save_settings_now() {
  settings_changed = false;
  settings.keys = commands.changes();
  writer_.add([settings = settings, file = options.settings_file] { save_settings(settings, file); });
}

double App::seconds_until_change() const {
  if (arranges_panels()) return 0;
  if (runs->running()) return 0.1;  // the time that is left
  const double toast = std::chrono::duration<double>(toast_until - std::chrono::steady_clock::now()).count();
  return toast > 0 ? toast : -1;
}

bool App::settled() const {
  const bool seen = !active_tab || active_tab->canvas.settled();
  return workspace.all_checked() && seen && !assets.busy() && !pictures.busy() && panels.frames_to_focus == 0;
}

}  // namespace weft::editor
