// ShownPanels: which groups of panels the window shows beside the canvas: those that the user wants, and where the user
// has said nothing, those that leave the canvas enough room.
#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "editor/session/geometry.h"

namespace weft::editor {

enum class PanelGroup : std::uint8_t { Left, Right, Below };

class ShownPanels {
 public:
  /// The window has this size, in heights of its text.
  void set_room(Size window);

  bool shows(PanelGroup group) const;
  bool all_hidden() const { return all_hidden_; }
  /// Whatever room there is.
  void toggle(PanelGroup group);
  /// Hides them all, or shows them again; all of them, where none would be.
  void toggle_all();
  /// Something in the group is asked for.
  void reveal(PanelGroup group);
  /// What has room, as at the first start.
  void reset();

  /// What the user wants, for the settings.
  nlohmann::json wishes() const;
  void take_wishes(const nlohmann::json& json);

  bool operator==(const ShownPanels&) const = default;

 private:
  std::array<std::optional<bool>, 3> wishes_;
  std::array<bool, 3> room_{true, true, true};
  bool all_hidden_ = false;
};

}  // namespace weft::editor
