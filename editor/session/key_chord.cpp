#include "editor/session/key_chord.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace weft::editor {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

std::vector<std::string> make_key_names() {
  std::vector<std::string> names;
  for (char letter = 'A'; letter <= 'Z'; ++letter) names.emplace_back(1, letter);
  for (char digit = '0'; digit <= '9'; ++digit) names.emplace_back(1, digit);
  for (int number = 1; number <= 12; ++number) names.push_back(fmt::format("F{}", number));
  for (const char* name : {"Space", "Enter", "Escape", "Tab", "Backspace", "Delete", "Insert", "Home", "End", "PageUp",
           "PageDown", "LeftArrow", "RightArrow", "UpArrow", "DownArrow", "Comma", "Period", "Slash", "Backslash",
           "Semicolon", "Apostrophe", "Minus", "Equal", "LeftBracket", "RightBracket", "GraveAccent", "KeypadAdd",
           "KeypadSubtract", "KeypadEnter"})
    names.emplace_back(name);
  return names;
}

}  // namespace

const std::vector<std::string>& key_names() {
  static const std::vector<std::string> names = make_key_names();
  return names;
}

std::optional<KeyChord> parse_chord(std::string_view text) {
  KeyChord chord;
  while (!text.empty()) {
    const std::size_t plus = std::min(text.find('+'), text.size());
    const std::string word = lower(text.substr(0, plus));
    text.remove_prefix(std::min(plus + 1, text.size()));
    if (word == "ctrl")
      chord.ctrl = true;
    else if (word == "alt")
      chord.alt = true;
    else if (word == "shift")
      chord.shift = true;
    else if (word == "super")
      chord.super = true;
    else {
      const auto key = std::ranges::find(key_names(), word, lower);
      if (key == key_names().end() || !chord.key.empty()) return std::nullopt;
      chord.key = *key;
    }
  }
  if (chord.key.empty()) return std::nullopt;
  return chord;
}

std::string to_text(const KeyChord& chord) {
  std::string text;
  if (chord.ctrl) text += "Ctrl+";
  if (chord.alt) text += "Alt+";
  if (chord.shift) text += "Shift+";
  if (chord.super) text += "Super+";
  return text + chord.key;
}

}  // namespace weft::editor
