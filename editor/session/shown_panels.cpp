#include "editor/session/shown_panels.h"

#include <algorithm>

namespace weft::editor {
namespace {

constexpr std::array kGroups{PanelGroup::Left, PanelGroup::Right, PanelGroup::Below};
constexpr std::array kKeys{"left", "right", "below"};

std::size_t index(PanelGroup group) { return static_cast<std::size_t>(group); }

}  // namespace

void ShownPanels::set_room(Size window) {
  // Nodes are found by Space as well: their list goes first.
  room_ = {window.width >= 105, window.width >= 75, window.height >= 48};
}

bool ShownPanels::shows(PanelGroup group) const {
  return !all_hidden_ && wishes_[index(group)].value_or(room_[index(group)]);
}

void ShownPanels::toggle(PanelGroup group) {
  const bool shown = shows(group);
  all_hidden_ = false;
  wishes_[index(group)] = !shown;
}

void ShownPanels::toggle_all() {
  const auto shown = [&](PanelGroup group) { return shows(group); };
  if (std::ranges::any_of(kGroups, shown)) {
    all_hidden_ = true;
    return;
  }
  all_hidden_ = false;
  if (std::ranges::none_of(kGroups, shown)) wishes_.fill(true);
}

void ShownPanels::reveal(PanelGroup group) {
  if (!shows(group)) toggle(group);
}

void ShownPanels::reset() {
  wishes_ = {};
  all_hidden_ = false;
}

nlohmann::json ShownPanels::wishes() const {
  nlohmann::json json = nlohmann::json::object();
  for (const PanelGroup group : kGroups)
    if (const auto& wish = wishes_[index(group)]) json[kKeys[index(group)]] = *wish;
  return json;
}

void ShownPanels::take_wishes(const nlohmann::json& json) {
  if (!json.is_object()) return;
  for (const PanelGroup group : kGroups)
    if (const auto found = json.find(kKeys[index(group)]); found != json.end() && found->is_boolean())
      wishes_[index(group)] = found->get<bool>();
}

}  // namespace weft::editor
