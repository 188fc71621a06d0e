#include "nodes/sd/text/a1111_schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace weft::sd {
namespace {

constexpr int kMostLevels = 100;

struct Item;
using Items = std::vector<Item>;

/// Text; or a change, between parts.
struct Item {
  enum class Kind { Text, Before, Turns } kind = Kind::Text;
  std::string text = {};
  std::vector<Items> parts = {};  ///< Before: what is there up to `when`, and then; Turns: one after the other
  std::int64_t when = 0;
};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// "0.5", " -3 " as the step before which a change has not come.
std::optional<std::int64_t> step_of(std::string_view text, std::int64_t steps) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  const bool is_share = text.find('.') != std::string_view::npos;
  const bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  if (text.empty() || (plus && text[0] == '-') || text.find_first_not_of("+-.0123456789eE") != std::string_view::npos)
    return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (is_share) value *= static_cast<double>(steps);
  const auto limit = static_cast<double>(steps);
  return static_cast<std::int64_t>(std::clamp(value, -1.0, limit));  // towards 0
}

class ScheduleReader {
 public:
  ScheduleReader(std::string_view text, std::int64_t steps) : text_(text), steps_(steps) {}

  /// Nothing where the text has what cannot stand outside of brackets.
  std::optional<Items> read() {
    Items items;
    std::size_t at = 0;
    while (at < text_.size()) {
      if (auto group = group_at(at, 0)) {
        add(items, *group);
        at = group->end;
      } else if (std::string_view("[]():").find(text_[at]) != std::string_view::npos) {
        add(items, text_.substr(at++, 1));
      } else if (const std::size_t end = end_of_plain(at); end > at) {
        add(items, text_.substr(at, end - at));
        at = end;
      } else {
        return std::nullopt;
      }
    }
    return items;
  }

 private:
  /// A pair of brackets with what is inside.
  struct Group {
    Items items;
    std::size_t end = 0;
  };

  static void add(Items& items, std::string_view text) {
    if (!items.empty() && items.back().kind == Item::Kind::Text)
      items.back().text += text;
    else
      items.push_back({.text = std::string(text)});
  }
  static void add(Items& items, const Group& group) {
    for (const Item& item : group.items) {
      if (item.kind == Item::Kind::Text)
        add(items, item.text);
      else
        items.push_back(item);
    }
  }

  /// Behind text without meaning; escaped characters have none.
  std::size_t end_of_plain(std::size_t at) const {
    while (at < text_.size() && std::string_view("[]():|").find(text_[at]) == std::string_view::npos) {
      const bool escaped = text_[at] == '\\';
      if (escaped && (at + 1 == text_.size() || text_[at + 1] == '\n')) break;
      at += escaped ? 2 : 1;
    }
    return at;
  }

  /// Each bracket is read once, whether it is one or not.
  const std::optional<Group>& group_at(std::size_t at, int level) {
    static const std::optional<Group> kNone;
    if ((text_[at] != '[' && text_[at] != '(') || level >= kMostLevels) return kNone;
    const auto known = groups_.find(at);
    if (known != groups_.end()) return known->second;
    auto group = read_group(at, level);
    return groups_[at] = std::move(group);
  }

  std::optional<Group> read_group(std::size_t open, int level) {
    const char close = text_[open] == '[' ? ']' : ')';
    std::vector<Items> parts(1);
    std::vector<std::size_t> begins = {open + 1};
    std::string separators;
    std::size_t at = open + 1;
    while (at < text_.size() && text_[at] != close) {
      if (const auto& group = group_at(at, level + 1)) {
        add(parts.back(), *group);
        at = group->end;
      } else if (text_[at] == ':' || text_[at] == '|') {
        separators += text_[at++];
        parts.emplace_back();
        begins.push_back(at);
      } else if (const std::size_t end = end_of_plain(at); end > at) {
        add(parts.back(), text_.substr(at, end - at));
        at = end;
      } else {
        return std::nullopt;
      }
    }
    if (at >= text_.size()) return std::nullopt;
    return meaning(
        text_.substr(open, 1), separators, std::move(parts), text_.substr(begins.back(), at - begins.back()), at);
  }

  std::optional<Group> meaning(std::string_view open, const std::string& separators, std::vector<Items> parts,
      std::string_view last, std::size_t close) const {
    Group group{.end = close + 1};
    const bool square = open == "[";
    if (separators.empty() || (!square && separators == ":")) {
      add(group.items, open);
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) add(group.items, ":");
        add(group.items, Group{std::move(parts[i]), 0});
      }
      add(group.items, text_.substr(close, 1));
      return group;
    }
    if (!square) return std::nullopt;
    if (separators.find_first_not_of('|') == std::string::npos) {
      group.items.push_back({.kind = Item::Kind::Turns, .parts = std::move(parts)});
      return group;
    }
    const auto when = step_of(last, steps_);
    if (!when || (separators != ":" && separators != "::")) return std::nullopt;
    parts.pop_back();
    if (parts.size() == 1) parts.insert(parts.begin(), Items{});
    group.items.push_back({.kind = Item::Kind::Before, .parts = std::move(parts), .when = *when});
    return group;
  }

  std::string_view text_;
  std::int64_t steps_;
  std::map<std::size_t, std::optional<Group>> groups_;
};

void collect_steps(const Items& items, std::int64_t steps, std::set<std::int64_t>& last_steps) {
  for (const Item& item : items) {
    if (item.kind == Item::Kind::Before && item.when >= 1) last_steps.insert(item.when);
    for (std::int64_t step = 1; item.kind == Item::Kind::Turns && step <= steps; ++step) last_steps.insert(step);
    for (const Items& part : item.parts) collect_steps(part, steps, last_steps);
  }
}

void write(const Items& items, std::int64_t step, std::string& text) {
  for (const Item& item : items) {
    if (item.kind == Item::Kind::Text) text += item.text;
    if (item.kind == Item::Kind::Before) write(item.parts[step <= item.when ? 0 : 1], step, text);
    if (item.kind == Item::Kind::Turns)
      write(item.parts[static_cast<std::size_t>(step - 1) % item.parts.size()], step, text);
  }
}

}  // namespace

std::vector<ScheduledText> prompt_schedule(std::string_view prompt, std::int64_t steps) {
  const auto items = ScheduleReader(prompt, steps).read();
  if (!items) return {{steps, std::string(prompt)}};
  std::set<std::int64_t> last_steps = {steps};
  collect_steps(*items, steps, last_steps);
  std::vector<ScheduledText> texts;
  for (const std::int64_t step : last_steps) {
    texts.push_back({step, {}});
    write(*items, step, texts.back().text);
  }
  return texts;
}

}  // namespace weft::sd
