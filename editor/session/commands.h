// Commands: everything that can be done by name, in one table, from which menus, the command palette and the
// panel of keys are made. command_table.cpp lists them; the window binds what each does. [main-thread]
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "editor/session/key_chord.h"
#include "editor/session/text.h"

namespace weft::editor {

/// Where a command's keys are heard.
enum class KeyScope : std::uint8_t {
  Global,  ///< everywhere, also while text is typed
  Canvas,  ///< while no text is typed
};

/// What is said of a command, known at compile time.
struct CommandInfo {
  std::string_view id;     ///< "edit.undo", a promise: settings name it
  std::string_view title;  ///< "Undo"
  std::string_view menu;   ///< "Edit"; empty: in no menu
  std::string_view keys;   ///< defaults, separated by spaces: "Ctrl+Y Ctrl+Shift+Z"
  KeyScope scope = KeyScope::Canvas;
  std::string_view tip = {};

  // In the user's language. Texts of a table are literals, so each ends with a zero.
  const char* shown_title() const { return tr(title.data()); }
  const char* shown_menu() const { return menu.empty() ? "" : tr(menu.data()); }
  const char* shown_tip() const { return tip.empty() ? "" : tr(tip.data()); }
};

/// Every command of the editor, in the order of the menus.
std::span<const CommandInfo> command_table();

struct KeyConflict {
  KeyChord keys;
  std::string first, second;  ///< ids of commands
};

class Commands {
 public:
  explicit Commands(std::span<const CommandInfo> table = command_table());

  /// What a command does, and whether it may be done now (always, if that is left out). Throws
  /// std::invalid_argument for an unknown id: a programmer's error.
  void bind(std::string_view id, std::function<void()> run, std::function<bool()> enabled = {});

  std::span<const CommandInfo> all() const { return table_; }
  const CommandInfo* find(std::string_view id) const;
  bool enabled(std::string_view id) const;  ///< false if nothing is bound
  /// Runs it if it is enabled; whether it did.
  bool run(std::string_view id) const;

  // Keys.
  const std::vector<KeyChord>& keys(std::string_view id) const;
  std::string keys_text(std::string_view id) const;  ///< for a menu: "Ctrl+Y"; the first one
  void set_keys(std::string_view id, std::vector<KeyChord> keys);
  void reset_keys(std::string_view id);
  bool changed(std::string_view id) const;
  /// The command that a chord means; null if none does. `typing`: a text field has the keyboard.
  const CommandInfo* command_for(const KeyChord& chord, bool typing) const;
  std::vector<KeyConflict> conflicts() const;

  /// What the user changed, as Settings::keys holds it.
  std::map<std::string, std::vector<std::string>> changes() const;
  /// Takes what settings say; names and keys that are unknown are left out.
  void take(const std::map<std::string, std::vector<std::string>>& changes);

 private:
  struct Bound {
    std::function<void()> run;
    std::function<bool()> enabled;
    std::vector<KeyChord> keys;
  };
  std::size_t index(std::string_view id) const;

  std::span<const CommandInfo> table_;
  std::vector<Bound> bound_;
};

}  // namespace weft::editor
