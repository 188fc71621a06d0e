#include "editor/session/commands.h"

#include <algorithm>
#include <stdexcept>

namespace weft::editor {
namespace {

std::vector<KeyChord> parse_chords(std::string_view text) {
  std::vector<KeyChord> chords;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (const auto chord = parse_chord(text.substr(0, space))) chords.push_back(*chord);
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return chords;
}

}  // namespace

Commands::Commands(std::span<const CommandInfo> table) : table_(table), bound_(table.size()) {
  for (std::size_t i = 0; i < table.size(); ++i) bound_[i].keys = parse_chords(table[i].keys);
}

const CommandInfo* Commands::find(std::string_view id) const {
  const auto found = std::ranges::find(table_, id, &CommandInfo::id);
  return found == table_.end() ? nullptr : &*found;
}

std::size_t Commands::index(std::string_view id) const {
  const CommandInfo* command = find(id);
  if (!command) throw std::invalid_argument("there is no command '" + std::string(id) + "'");
  return static_cast<std::size_t>(command - table_.data());
}

void Commands::bind(std::string_view id, std::function<void()> run, std::function<bool()> enabled) {
  Bound& bound = bound_[index(id)];
  bound.run = std::move(run);
  bound.enabled = std::move(enabled);
}

bool Commands::enabled(std::string_view id) const {
  const Bound& bound = bound_[index(id)];
  return bound.run && (!bound.enabled || bound.enabled());
}

bool Commands::run(std::string_view id) const {
  if (!enabled(id)) return false;
  bound_[index(id)].run();
  return true;
}

const std::vector<KeyChord>& Commands::keys(std::string_view id) const { return bound_[index(id)].keys; }

std::string Commands::keys_text(std::string_view id) const {
  const std::vector<KeyChord>& chords = keys(id);
  return chords.empty() ? std::string() : to_text(chords.front());
}

void Commands::set_keys(std::string_view id, std::vector<KeyChord> keys) { bound_[index(id)].keys = std::move(keys); }

void Commands::reset_keys(std::string_view id) {
  const std::size_t i = index(id);
  bound_[i].keys = parse_chords(table_[i].keys);
}

bool Commands::changed(std::string_view id) const {
  const std::size_t i = index(id);
  return bound_[i].keys != parse_chords(table_[i].keys);
}

const CommandInfo* Commands::command_for(const KeyChord& chord, bool typing) const {
  for (std::size_t i = 0; i < table_.size(); ++i) {
    if (typing && table_[i].scope == KeyScope::Canvas) continue;
    if (std::ranges::find(bound_[i].keys, chord) != bound_[i].keys.end()) return &table_[i];
  }
  return nullptr;
}

std::vector<KeyConflict> Commands::conflicts() const {
  std::vector<KeyConflict> found;
  std::map<KeyChord, std::size_t> owners;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    for (const KeyChord& chord : bound_[i].keys) {
      const auto [owner, is_first] = owners.emplace(chord, i);
      if (!is_first && owner->second != i)
        found.push_back({chord, std::string(table_[owner->second].id), std::string(table_[i].id)});
    }
  }
  return found;
}

std::map<std::string, std::vector<std::string>> Commands::changes() const {
  std::map<std::string, std::vector<std::string>> changes;
  for (const CommandInfo& command : table_) {
    if (!changed(command.id)) continue;
    std::vector<std::string>& texts = changes[std::string(command.id)];
    for (const KeyChord& chord : keys(command.id)) texts.push_back(to_text(chord));
  }
  return changes;
}

void Commands::take(const std::map<std::string, std::vector<std::string>>& changes) {
  for (const auto& [id, texts] : changes) {
    if (!find(id)) continue;
    std::vector<KeyChord> chords;
    for (const std::string& text : texts)
      if (const auto chord = parse_chord(text)) chords.push_back(*chord);
    set_keys(id, std::move(chords));
  }
}

}  // namespace weft::editor
