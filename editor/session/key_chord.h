// Keys as text: "Ctrl+Shift+P", "F5", "Delete". One spelling for each chord: modifiers in the order Ctrl,
// Alt, Shift, Super, then the key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::editor {

struct KeyChord {
  bool ctrl = false, alt = false, shift = false, super = false;
  std::string key;  ///< "A" to "Z", "0" to "9", "F1" to "F12", "Space", "Delete", "LeftArrow", "Comma" ...:
                    ///< key_names()
  auto operator<=>(const KeyChord&) const = default;
};

/// Any order and case of the words; none if it names no key.
std::optional<KeyChord> parse_chord(std::string_view text);
std::string to_text(const KeyChord& chord);
/// Every key that a chord may have. They are ImGui's names of keys, without the prefix.
const std::vector<std::string>& key_names();

}  // namespace weft::editor
