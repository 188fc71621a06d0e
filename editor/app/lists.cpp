#include "editor/app/lists.h"

#include <fmt/format.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "editor/session/gestures.h"
#include "editor/session/node_text.h"
#include "editor/session/usual_links.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

void open_list(App& app, SearchList list) {
  list.open = list.opened_now = true;
  app.panels.search = std::move(list);
}

std::string first_sentence(const std::string& doc) { return doc.substr(0, doc.find(". ")); }

/// Where a chosen node goes: of one that a link was dragged for, its pin comes to where the link ends.
Point place_of_choice(App& app, const PaletteRequest& request, const std::string& type, const std::string& port) {
  Point at = request.at;
  const NodeInfo* info = app.document()->types(app.registry).find(type);
  if (info && request.from) {
    const NodeLayout layout = lay_out_new(*info);
    const bool output = !request.from->is_output;
    const auto pin = std::ranges::find_if(
        layout.ports, [&](const ShownPort& each) { return each.is_output == output && each.info.name == port; });
    if (pin != layout.ports.end()) at = at - Point{pin->pin.x, pin->pin.y};
  }
  return app.active()->canvas.free_place(at, size_of_new(app, type));
}

/// What choosing a node type in the palette does.
void add_chosen(App& app, const PaletteRequest& request, const std::string& type, const std::string& port) {
  Document* document = app.document();
  if (!document) return;
  remember_use(app.settings.node_usage, type);
  if (request.from)
    remember_use(app.settings.node_usage,
        link_usage_key(
            port_type(document->graph(), document->types(app.registry), *request.from), request.from->is_output, type));
  app.save_settings_soon();
  const Point at = place_of_choice(app, request, type, port);
  app.attempt([&] {
    if (request.from)
      add_linked_node(*document, app.registry, {document->types(app.registry).find(type), port}, at, *request.from,
          app.beginning(type));
    else if (request.on_link)
      add_on_link(*document, app.registry, type, at, *request.on_link, app.beginning(type));
    else
      add_node(*document, app.registry, type, at, app.beginning(type));
  });
}

/// What people link to such a port, and what this user does.
void put_usual_first(App& app, const LinkEnd& from, SearchList& list) {
  const Graph& graph = app.document()->graph();
  const std::string value = port_type(graph, app.document()->types(app.registry), from);
  const std::string& type = graph.node(from.port.node).type;
  for (Searchable& each : list.searchable) {
    if (const auto rank = usual_rank(type, value, from.is_output, each.key))
      each.before = 0.1 - 0.01 * static_cast<double>(*rank);
    each.key = link_usage_key(value, from.is_output, each.key);
  }
  list.link_from = from;
}

SearchList::Entry node_entry(App& app, const NodeChoice& choice, std::function<void()> choose) {
  const NodeInfo& type = *choice.type;
  return {.title = shown_title(type),
      .detail = choice.port.empty() ? std::string{} : port_label(choice.port),
      .right = shown_menu(type.options.menu),
      .colour = category_colour(app.theme, type.options.menu),
      .tip = first_sentence(type.options.doc),
      .choose = std::move(choose)};
}

}  // namespace

void open_node_palette(App& app, const PaletteRequest& request) {
  SearchList list;
  list.name = "Add node";
  list.hint = request.from ? tr("Nodes that fit this port")
      : request.on_link    ? tr("Node to insert")
                           : tr("Search nodes");
  list.at = request.screen;
  list.link_to = request.at;
  list.usage = app.settings.node_usage;
  const NodeTypes& types = app.document()->types(app.registry);
  const std::vector<const NodeInfo*> known = all_types(app.registry, types, app.document()->workflow().subgraphs);
  std::vector<NodeChoice> choices;
  if (request.from) {
    choices = nodes_for_link(app.document()->graph(), types, known, *request.from);
  } else {
    for (const NodeInfo* type : known) choices.push_back({type, {}});
  }
  list.searchable = searchable_choices(choices);
  if (request.from) put_usual_first(app, *request.from, list);
  for (const NodeChoice& choice : choices)
    list.entries.push_back(node_entry(app, choice,
        [&app, request, type = choice.type->id, port = choice.port] { add_chosen(app, request, type, port); }));
  open_list(app, std::move(list));
}

void open_replace_list(App& app, const std::vector<Spot>& nodes) {
  const Document& document = *app.document();
  SearchList list;
  list.name = "Replace";
  list.hint = tr_format(
      "What stands for {}", title_of(node_at(document.workflow(), nodes.front()), document.types(app.registry)));
  std::vector<NodeChoice> choices;
  for (const NodeInfo* type : types_like(document, app.registry, nodes.front())) choices.push_back({type, {}});
  list.searchable = searchable_choices(choices);
  for (const NodeChoice& choice : choices)
    list.entries.push_back(node_entry(app, choice, [&app, nodes, id = document.id(), type = choice.type->id] {
      if (app.document() && app.document()->id() == id)
        app.attempt([&] { replace_all(*app.document(), app.registry, nodes, type); });
    }));
  open_list(app, std::move(list));
}

void open_model_list(App& app, const std::vector<Spot>& params, const std::string& folder) {
  const Document& document = *app.document();
  const auto* names = app.assets.names(folder, app.environment(document.folder()).model_folders);
  if (!names || names->empty()) {
    app.notify(
        names ? tr_format("There is no model in '{}' of the model folders", folder) : tr("Looking for models\u2026"),
        LogLine::Kind::Warning);
    return;
  }
  SearchList list;
  list.name = "Choose model";
  list.hint = tr_format("Models in '{}'", folder);
  for (const std::string& name : *names) {
    list.searchable.push_back({.key = name, .title = name});
    list.entries.push_back(
        {.title = name, .detail = {}, .right = {}, .choose = [&app, params, id = document.id(), folder, name] {
           if (!app.document() || app.document()->id() != id) return;
           app.settings.last_models[folder] = name;
           app.save_settings_soon();
           app.attempt([&] { set_all(*app.document(), params, name); });
         }});
  }
  open_list(app, std::move(list));
}

void open_command_palette(App& app) {
  SearchList list;
  list.name = "Commands";
  list.hint = tr("Search commands");
  list.usage = app.settings.command_usage;
  const std::vector<Searchable> all = searchable_commands(app.commands);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const CommandInfo& command = app.commands.all()[i];
    if (!app.is_bound(command.id) || !app.commands.enabled(command.id)) continue;
    list.searchable.push_back(all[i]);
    list.entries.push_back({.title = command.shown_title(),
        .detail = command.shown_menu(),
        .right = app.commands.keys_text(command.id),
        .tip = command.shown_tip(),
        .choose = [&app, id = std::string(command.id)] {
          remember_use(app.settings.command_usage, id);
          app.save_settings_soon();
          app.commands.run(id);
        }});
  }
  open_list(app, std::move(list));
}

void open_node_search(App& app) {
  SearchList list;
  list.name = "Find node";
  list.hint = tr("Search by name, type or text");
  list.searchable = searchable_graph(app.document()->graph(), app.registry);
  for (const Searchable& each : list.searchable) {
    const GraphNode* node = app.document()->graph().find(each.key);
    const NodeInfo* type = node ? app.type_of(*node) : nullptr;
    list.entries.push_back({.title = each.title,
        .detail = each.key,
        .right = type ? shown_title(*type) : std::string{},
        .colour = category_colour(app.theme, type ? type->options.menu : ""),
        .choose = [&app, id = each.key] {
          if (!app.document() || !app.document()->graph().contains(id)) return;
          app.document()->select({{id}, {}});
          app.active()->canvas.look_at(id);
        }});
  }
  open_list(app, std::move(list));
}

void open_connect_list(App& app) {
  const Graph& graph = app.document()->graph();
  const NodeTypes& types = app.document()->types(app.registry);
  const std::string self = *app.document()->selection().nodes.begin();
  SearchList list;
  list.name = "Connect";
  list.hint = tr("Port and node to connect");
  const auto offer = [&](const Link& link, bool outgoing) {
    const LinkCheck check = check_link(graph, types, link);
    if (!check.ok() || check.exists) return;
    const PortRef& own = outgoing ? link.source : link.target;
    const PortRef& other = outgoing ? link.target : link.source;
    const std::string title =
        fmt::format("{} {} {}.{}", own.port, outgoing ? "\u2192" : "\u2190", other.node, other.port);
    list.searchable.push_back({.key = title, .title = title, .id = own.port, .menu = other.node});
    list.entries.push_back({.title = title,
        .detail = check.replaces ? tr_format("replaces {}", check.replaces->node) : std::string{},
        .right = port_type(graph, types, {link.source, true}),
        .colour = type_colour(app.theme, app.registry.find_type(port_type(graph, types, {link.source, true}))),
        .choose = [&app, link] {
          if (app.document()) app.attempt([&] { connect(*app.document(), app.registry, link); });
        }});
  };
  const NodeInfo* own_type = types.find(graph.node(self).type);
  for (const GraphNode* other : graph.nodes()) {
    const NodeInfo* type = types.find(other->type);
    if (other->id == self || !type || !own_type) continue;
    for (const PortInfo& in : own_type->inputs)
      for (const PortInfo& out : type->outputs)
        if (in.kind == PortKind::Input) offer({{other->id, out.name}, {self, in.name}}, false);
    for (const PortInfo& out : own_type->outputs)
      for (const PortInfo& in : type->inputs)
        if (in.kind == PortKind::Input) offer({{self, out.name}, {other->id, in.name}}, true);
  }
  open_list(app, std::move(list));
}

void view_value(App& app, Document& document, const LinkEnd& end) {
  PortRef source = end.port;
  if (!end.is_output) {  // what goes into it
    const auto& inputs = document.graph().node(end.port.node).inputs;
    const auto found = inputs.find(end.port.port);
    if (found == inputs.end() || !std::holds_alternative<Links>(found->second) ||
        std::get<Links>(found->second).empty())
      return;
    source = std::get<Links>(found->second).front();
  }
  if (!app.panels.shown.all_hidden()) app.show_panels([](ShownPanels& shown) { shown.reveal(PanelGroup::Right); });
  show_in_viewer(app, {.node = document.address(source.node), .port = source.port, .file = {}});
}

namespace {

/// Text with the letters that matched in the accent colour.
void draw_matched(ImDrawList& list, ImVec2 at, const std::string& text, const std::vector<std::size_t>& positions,
    const Theme& theme) {
  std::size_t from = 0;
  const auto put = [&](std::size_t to, bool matched) {
    if (to <= from) return;
    const char *begin = text.data() + from, *end = text.data() + to;
    list.AddText(at, matched ? theme.accent : theme.text, begin, end);
    at.x += ImGui::CalcTextSize(begin, end).x;
    from = to;
  };
  for (const std::size_t position : positions) {
    if (position < from || position >= text.size()) continue;
    put(position, false);
    std::size_t next = position + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xc0) == 0x80) ++next;
    put(next, true);
  }
  put(text.size(), false);
}

bool draw_entry(App& app, const SearchList::Entry& entry, const SearchHit& hit, bool chosen) {
  const Theme& t = app.theme;
  const float height = ImGui::GetFrameHeight();
  const ImVec2 min = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  ImGui::PushID(static_cast<int>(hit.index));
  const bool pressed = ImGui::Selectable(("##" + entry.title).c_str(), chosen, 0, {width, height});
  ImGui::PopID();
  if (!entry.tip.empty()) ImGui::SetItemTooltip("%s", entry.tip.c_str());
  ImDrawList& list = *ImGui::GetWindowDrawList();
  float x = min.x + 6;
  const float text_top = min.y + (height - ImGui::GetFontSize()) / 2;
  if (entry.colour) {
    const float size = ImGui::GetFontSize() * 0.62f;
    list.AddRectFilled({x, min.y + (height - size) / 2}, {x + size, min.y + (height + size) / 2}, entry.colour, 3);
    x += size + 8;
  }
  draw_matched(list, {x, text_top}, entry.title, hit.title_positions, t);
  x += ImGui::CalcTextSize(entry.title.c_str()).x + 10;
  const float right = ImGui::CalcTextSize(entry.right.c_str()).x;
  if (!entry.detail.empty() && x < min.x + width - right - 20)
    draw_text_in(list, {x, min.y}, {min.x + width - right - 16, min.y + height}, entry.detail, t.text_faint);
  draw_text_in(
      list, {min.x + width - right - 6, min.y}, {min.x + width - 4, min.y + height}, entry.right, t.text_faint, 1);
  return pressed;
}

/// The entry that was chosen; -1: none.
int draw_hits(App& app, SearchList& list) {
  const int count = static_cast<int>(list.hits.size());
  const bool down = ImGui::IsKeyPressed(ImGuiKey_DownArrow), up = ImGui::IsKeyPressed(ImGuiKey_UpArrow);
  list.chosen = count == 0 ? 0 : std::clamp(list.chosen + (down ? 1 : 0) - (up ? 1 : 0), 0, count - 1);
  int pressed = -1;
  constexpr int kRows = 12;
  const float row = ImGui::GetFrameHeight() + ImGui::GetStyle().ItemSpacing.y;
  const int room = static_cast<int>(ImGui::GetMainViewport()->WorkSize.y * 0.7f / row);  // beside the query
  if (ImGui::BeginChild("hits", {0, row * static_cast<float>(std::clamp(count, 1, std::clamp(room, 1, kRows)))}, 0,
          ImGuiWindowFlags_NoNavInputs)) {
    if (count == 0) dim_text(app.theme, tr("Nothing is found"));
    ImGuiListClipper clipper;
    clipper.Begin(count, row);
    if (up || down) clipper.IncludeItemByIndex(list.chosen);
    while (clipper.Step())
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
        const SearchHit& hit = list.hits[static_cast<std::size_t>(i)];
        if (draw_entry(app, list.entries[hit.index], hit, i == list.chosen)) pressed = i;
        if (i == list.chosen && (up || down)) ImGui::SetScrollHereY();
      }
  }
  ImGui::EndChild();
  return pressed;
}

}  // namespace

void draw_search_list(App& app) {
  SearchList& list = app.panels.search;
  if (!list.open) return;
  const ImGuiViewport& viewport = *ImGui::GetMainViewport();
  const float width = ImGui::GetFontSize() * 27;
  const bool anywhere = list.at.x < 0;
  const std::string id = list.name + "##search";
  if (list.opened_now) ImGui::OpenPopup(id.c_str());
  ImGui::SetNextWindowSize({width, 0});
  ImGui::SetNextWindowPos(
      anywhere ? ImVec2{viewport.GetCenter().x - width / 2, viewport.Pos.y + viewport.Size.y * 0.16f} : list.at,
      ImGuiCond_Appearing);
  if (!ImGui::BeginPopup(
          id.c_str(), ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoNavInputs)) {
    list.open = list.opened_now;
    return;
  }
  if (list.opened_now) ImGui::SetKeyboardFocusHere();
  list.opened_now = false;
  ImGui::SetNextItemWidth(-1);
  const bool entered = ImGui::InputTextWithHint("##query", (std::string(icon::kSearch) + "  " + list.hint).c_str(),
      &list.query, ImGuiInputTextFlags_EnterReturnsTrue);
  if (list.query != list.searched) {
    list.searched = list.query;
    list.hits = search(list.query, list.searchable, list.usage);
    list.chosen = 0;
  }
  int chosen = draw_hits(app, list);
  if (ImGui::IsKeyPressed(ImGuiKey_Escape)) {  // the field alone would only give its text back
    list.open = false;
    ImGui::CloseCurrentPopup();
  }
  if (entered && !list.hits.empty()) chosen = list.chosen;
  if (chosen >= 0) {
    const auto choose = list.entries[list.hits[static_cast<std::size_t>(chosen)].index].choose;
    list.open = false;
    ImGui::CloseCurrentPopup();
    choose();  // may open another list
  }
  ImGui::EndPopup();
}

}  // namespace weft::editor
