#include "editor/app/app.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>

#include "base/c_locale.h"
#include "editor/app/lists.h"
#include "editor/app/menus.h"
#include "editor/app/param_edit.h"
#include "editor/app/vary.h"
#include "editor/panels/panels.h"
#include "editor/session/carried_files.h"
#include "editor/session/layout.h"
#include "editor/session/picture_file.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"
#include "graph/subgraph.h"
#include "host/problems.h"
#include "plugins/folders.h"

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

double seconds_of(const runs::Job& job) {
  using namespace std::chrono;
  if (job.started_at == system_clock::time_point{}) return 0;
  const auto end = job.state == runs::Job::State::Running ? system_clock::now() : job.ended_at;
  return std::max(0.0, duration<double>(end - job.started_at).count());
}

App::App(AppOptions given)
    : options(std::move(given)),
      templates(templates_in(options.examples_folder)),
      plugins(registry, options.plugin_folders),
      assets(options.wake),
      gallery(options.wake),
      pictures(options.wake),
      stories(options.wake),
      runs(std::make_shared<runs::RunState>()),
      file_watch_(options.wake) {
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
  attempt([&] { journal = std::make_unique<Journal>(options.state_folder / "sessions"); });
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
  for (auto& tab : tabs)
    if (tab->check.valid()) tab->check.wait();
  for (auto& tab : tabs)
    if (journal && !tab->document->dirty()) journal->forget(tab->document->id());
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

Tab& App::show(std::unique_ptr<Document> document) {
  panels.open_problem.clear();
  tabs.push_back(std::make_unique<Tab>(std::move(document)));
  active_tab = tabs.back().get();
  return *active_tab;
}

void App::new_document() { show(std::make_unique<Document>()); }

bool App::open(const fs::path& file) {
  std::error_code none;
  for (const auto& tab : tabs)
    if (!tab->document->file().empty() && fs::equivalent(tab->document->file(), file, none)) {
      tab->focus = true;
      return true;
    }
  return attempt_to_open([&] {
    if (file.extension() == ".json")
      open_json(fs::absolute(file));
    else
      open_found(find_workflow(file), file);
    if (is_picture_name(file)) return;  // the gallery has those
    remember_file(settings, fs::absolute(file));
    save_settings_soon();
  });
}

bool App::open_copy(const fs::path& file) {
  return attempt_to_open([&] {
    show(std::make_unique<Document>(read_for_document(file, registry), file)).tells_missing = true;
    notify(tr_format("A copy of {}: saving asks for a name", file.filename().string()));
  });
}

bool App::attempt_to_open(const std::function<void()>& action) {
  const bool opened = attempt(action);
  if (!opened && tabs.empty()) panels.open_problem = toast;
  return opened;
}

void App::open_json(const fs::path& file) {
  try {
    show(Document::open(file, registry)).tells_missing = true;
  } catch (const GraphError&) {
    FoundWorkflow found = find_workflow(file);
    if (found.kind != FoundWorkflow::Kind::ComfyUi) throw;
    open_found(std::move(found), file);
  }
}

void App::open_found(FoundWorkflow found, const fs::path& file) {
  if (!found.workflow) throw GraphError(why_not_opened(file));
  place_nodes(*found.workflow, registry);
  show(std::make_unique<Document>(std::move(*found.workflow), file)).tells_missing = true;
  for (std::string& remark : found.remarks) notify(std::move(remark), LogLine::Kind::Warning);
  if (found.remarks.empty()) notify(tr_format("The workflow of {}", file.filename().string()));
}

void App::save(Tab& tab) {
  if (tab.document->file().empty()) {
    save_as(tab);
    return;
  }
  if (tab.document->on_disk() == Document::OnDisk::Changed)
    tab.changed_on_disk = true;  // asks first: saving would destroy what somebody else wrote
  else
    write(*tab.document, fs::path(tab.document->file()));
}

bool App::write(Document& document, const fs::path& file) {
  const bool written = attempt([&] {
    const bool carried =
        carry_files(document, registry, environment(document.folder()), environment(fs::absolute(file).parent_path()));
    try {
      if (journal)
        journal->save_as(document, file);  // never behind the file, so that recovery offers nothing older
      else
        document.save_as(file);
    } catch (...) {
      if (carried) document.undo();
      throw;
    }
  });
  if (written) notify(tr_format("Saved {}", file.string()));
  return written;
}

fs::path App::proposed_file(const Document& document) const {
  const bool shipped = !options.examples_folder.empty() &&
      fs::path(name_from_folder(document.folder(), options.examples_folder)).is_relative();
  const fs::path folder = shipped ? fs::current_path() : document.folder();
  return free_file(folder, document.origin().empty() ? "workflow.json" : document.name() + ".json");
}

void App::save_as(Tab& tab) {
  const DocumentId id = tab.document->id();
  const fs::path file = tab.document->file().empty() ? proposed_file(*tab.document) : tab.document->file();
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
  if (journal) journal->forget(tab.document->id());
  queue->forget(tab.document->id());
  stale.forget(tab.document->id());
  if (tab.check.valid()) tab.check.wait();
  tabs.erase(at);
  active_tab = tabs.empty() ? nullptr : tabs.back().get();
  models_looked_for_ = nullptr;  // a later tab may have its address
}

void App::request_quit() {
  for (auto& tab : tabs)
    if (tab->document->dirty()) {
      panels.quitting = true;
      return;
    }
  for (auto& tab : tabs)
    if (journal) journal->forget(tab->document->id());
  quit = true;
}

// Models.

void App::ask_for_model_folder() {
  file_dialog.ask(
      {.kind = FileDialog::Kind::Folder, .title = tr("A folder with models"), .chosen = [this](const fs::path& chosen) {
         settings.model_folders.push_back(chosen);
         model_folders_changed();
       }});
}

void App::model_folders_changed() {
  models_looked_for_ = nullptr;
  for (auto& tab : tabs) tab->problems_revision = 0;
  save_settings_soon();
}

KnownModels App::known_models() {
  const auto names = [this](const std::string& folder) {
    return assets.names(folder, document() ? environment(document()->folder()).model_folders : settings.model_folders);
  };
  return {.choice = [this, names](const std::string& folder) -> std::string {
            const std::vector<std::string>* known = names(folder);
            if (!known) return {};
            const auto last = settings.last_models.find(folder);
            if (last != settings.last_models.end() && std::ranges::find(*known, last->second) != known->end())
              return last->second;
            return known->size() == 1 ? known->front() : std::string();
          },
      .size = [this](const std::string& folder, const std::string& name) { return assets.size(folder, name); }};
}

Beginning App::beginning(const std::string& type) {
  const NodeTypes& types = document()->types(registry);
  const NodeInfo* info = types.find(type);
  if (!info) return {};
  return {.values = first_values(document()->graph(), types, *info, known_models()), .link_obvious = true};
}

void App::choose_model(const std::string& node, const PortInfo& port, const std::string& name) {
  settings.last_models[port.folder] = name;
  save_settings_soon();
  attempt([&] { editor::choose_model(*document(), registry, node, port, name, known_models()); });
}

void App::look_for_models() {
  if (!active_tab || active_tab == models_looked_for_) return;
  models_looked_for_ = active_tab;
  const std::vector<fs::path> roots = environment(document()->folder()).model_folders;
  assets.refresh();
  for (const NodeInfo* type : registry.nodes())
    for (const PortInfo& port : type->inputs)
      if (port.widget == Widget::Model) assets.names(port.folder, roots);
}

// Runs.

void App::run(std::vector<std::string> wanted) {
  Document* doc = document();
  if (!doc) return;
  attempt([&] {
    queue->watch(doc->id(), runs::addresses(doc->workflow()));  // so that whatever is clicked can be seen
    queue->add(run_of(*doc, std::move(wanted)));
  });
}

void App::run_sweep() {
  Document* doc = document();
  if (!doc) return;
  attempt([&] {
    queue->watch(doc->id(), runs::addresses(doc->workflow()));
    queue->add(sweep_run_of(*doc));
  });
}

const runs::NodeRun* App::node_run(const std::string& node) {
  return document() ? runs->node(document()->id(), document()->address(node)) : nullptr;
}

namespace {

/// The instances that lead from the top into a definition, outermost first; nothing if it is used nowhere.
std::optional<std::vector<std::string>> way_into(const Workflow& workflow, const Graph& graph, std::string_view name) {
  for (const GraphNode* node : graph.nodes()) {
    const auto definition = subgraph_of_type(node->type);
    if (!definition) continue;
    if (*definition == name) return std::vector{node->id};
    const auto found = workflow.subgraphs.find(*definition);
    if (found == workflow.subgraphs.end()) continue;
    if (auto way = way_into(workflow, found->second.graph, name)) {
      way->insert(way->begin(), node->id);
      return way;
    }
  }
  return std::nullopt;
}

std::vector<std::string> parts_of(const std::string& address) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= address.size();) {
    const std::size_t slash = std::min(address.find('/', from), address.size());
    parts.push_back(address.substr(from, slash - from));
    from = slash + 1;
  }
  return parts;
}

}  // namespace

void App::lead_to(const std::string& address) {
  Document* doc = document();
  if (!doc || address.empty()) return;
  std::vector<std::string> way = parts_of(address);
  const std::string node = way.back();
  way.pop_back();
  if (!way.empty() && subgraph_of_type(way.front())) {
    const auto into = way_into(doc->workflow(), doc->workflow().graph, *subgraph_of_type(way.front()));
    if (!into) {
      notify(tr_format("No node uses '{}'", way.front()), LogLine::Kind::Warning);
      return;
    }
    way = *into;
  }
  attempt([&] {
    if (doc->path() != way) {
      doc->leave(0);
      for (const std::string& instance : way) doc->enter(instance);
    }
    if (!doc->graph().contains(node)) return;
    doc->select({{node}, {}});
    active_tab->canvas.look_at(node);
  });
}

const NodeInfo* App::type_of(const GraphNode& node) {
  return document() ? document()->types(registry).find(node.type) : nullptr;
}

void App::take_runs() {
  const std::shared_ptr<const runs::RunState> before = std::exchange(runs, queue->state());
  if (before == runs) return;
  gallery.take(*runs);
  log_run_events(*before, *runs);
}

void App::log_run_events(const runs::RunState& before, const runs::RunState& now) {
  for (const runs::Job& job : now.history) {
    const auto known = std::ranges::find(before.history, job.id, &runs::Job::id);
    if (known != before.history.end()) continue;
    if (job.state == runs::Job::State::Done) notify(tr_format("{}: done in {:.1f} s", job.title, seconds_of(job)));
    if (job.state == runs::Job::State::Cancelled) notify(tr_format("{}: stopped", job.title), LogLine::Kind::Warning);
    if (job.state != runs::Job::State::Failed) continue;
    if (job.problems.empty()) notify(tr_format("{}: failed", job.title), LogLine::Kind::Error);
    for (const Problem& problem : job.problems) notify(problem.text(), LogLine::Kind::Error);
  }
}

void App::check_documents() {
  for (auto& tab : tabs) {
    if (tab->check.valid() && tab->check.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
      tab->problems = tab->check.get();
    const Document& doc = *tab->document;
    if (tab->check.valid() || tab->problems_revision == doc.revision() || doc.in_gesture()) continue;
    tab->problems_revision = doc.revision();
    tab->check = std::async(std::launch::async, [this, workflow = doc.workflow(), folder = doc.folder()] {
      const CLocale locale;
      std::vector<Problem> found = host::problems_of_run(workflow, registry, environment(folder));
      options.wake();
      return found;
    });
  }
}

// Frames.

namespace {

/// A panel that has come into sight has taken the keyboard from the canvas, though nobody went there.
bool panel_took_focus(const ImGuiWindow* before) {
  const ImGuiWindow* now = ImGui::GetCurrentContext()->NavWindow;
  return now && now != before && now->Appearing && !(now->RootWindow->Flags & ImGuiWindowFlags_Popup);
}

}  // namespace

void App::frame() {
  if (look_changed) apply_look();
  take_runs();
  check_documents();
  look_for_models();
  look_at_disk();
  hear_keys();
  draw_menu_bar(*this);
  draw_status_bar(*this);
  draw_dock_space(*this);
  draw_tabs();
  draw_start(*this);
  const ImGuiWindow* focused = ImGui::GetCurrentContext()->NavWindow;
  if (panels.shown.shows(PanelGroup::Left)) {
    draw_library(*this);
    draw_history(*this);
  }
  if (panels.shown.shows(PanelGroup::Right)) {
    draw_inspector(*this);
    draw_viewer(*this);
  }
  if (panels.shown.shows(PanelGroup::Below)) {
    draw_gallery(*this);
    draw_queue(*this);
    draw_problems(*this);
    draw_timings(*this);
    draw_log(*this);
  }
  if (active_tab && panels.canvas_focused && panels.focus_panel.empty() && panel_took_focus(focused))
    active_tab->focus = true;
  draw_missing(*this);
  draw_value_popup(*this);
  draw_vary(*this);
  draw_search_list(*this);
  draw_settings(*this);
  draw_about(*this);
  draw_template_dialog(*this);
  draw_recovery(*this);
  draw_disk_change(*this);
  draw_questions();
  draw_painter(*this);
  draw_region_editor(*this);
  draw_lightbox(*this);
  file_dialog.draw(*this);
  panels.popup_was_open = ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel);
  if (journal)
    for (auto& tab : tabs) journal->record(*tab->document);
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
  const bool checked = std::ranges::none_of(
      tabs, [](const auto& tab) { return tab->check.valid() || tab->problems_revision != tab->document->revision(); });
  const bool seen = !active_tab || active_tab->canvas.settled();
  return checked && seen && !assets.busy() && !pictures.busy() && panels.frames_to_focus == 0;
}

void App::draw_tabs() {
  Tab* closing = nullptr;
  panels.canvas_focused = false;
  const ImGuiCond dock = std::exchange(panels.docks_are_new, false) ? ImGuiCond_Always : ImGuiCond_Once;
  for (std::size_t i = 0; i < tabs.size(); ++i) {
    Tab& tab = *tabs[i];
    bool open = true;
    ImGui::SetNextWindowDockID(panels.centre_dock, dock);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2{0, 0});
    const std::string title = fmt::format("{}###document {}", tab.document->name(), tab.document->id());
    const ImGuiWindowFlags flags = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse |
        ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoSavedSettings |
        (tab.document->dirty() ? ImGuiWindowFlags_UnsavedDocument : 0);
    if (std::exchange(tab.focus, false)) ImGui::SetNextWindowFocus();
    const bool visible = ImGui::Begin(title.c_str(), &open, flags);
    ImGui::PopStyleVar();
    if (ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows)) {
      active_tab = &tab;
      panels.canvas_focused = true;
    }
    tab.seen = visible;
    if (visible) {
      tab.canvas.draw(*this, *tab.document);
      if (tab.document->graph().size() == 0) draw_empty_canvas(*this);
      draw_panel_handles(*this, tab.canvas);
    }
    ImGui::End();
    if (!open) closing = &tab;
  }
  if (closing) close(*closing);
}

}  // namespace weft::editor
