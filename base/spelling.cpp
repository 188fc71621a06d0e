#include "base/spelling.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace weft {
namespace {

constexpr std::size_t kListed = 16;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

/// A third of the letters may be wrong, and one in a short word.
std::size_t tolerance(std::string_view word) { return std::max<std::size_t>(1, word.size() / 3); }

/// The distance that ranks `name`; a match of the last part alone comes after an equally good one of the
/// whole.
std::size_t rank(std::string_view word, std::string_view name) {
  const std::size_t whole = edit_distance(word, name) * 2;
  if (word.find('.') != std::string_view::npos) return whole;
  return std::min(whole, edit_distance(word, last_part(name)) * 2 + 1);
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows of the usual table; the one before the previous is kept for swaps.
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) current[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(previous);
    previous.swap(current);
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
  }
  return current[b.size()];
}

std::vector<std::string> nearest_names(
    std::string_view word, const std::vector<std::string>& names, std::size_t count) {
  std::vector<std::pair<std::size_t, const std::string*>> ranked;
  for (const std::string& name : names) {
    const std::size_t r = rank(word, name);
    if (r / 2 <= tolerance(word)) ranked.emplace_back(r, &name);
  }
  std::ranges::stable_sort(ranked, {}, [](const auto& entry) { return entry.first; });
  std::vector<std::string> nearest;
  for (const auto& [r, name] : std::span(ranked).first(std::min(count, ranked.size()))) nearest.push_back(*name);
  return nearest;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  const std::vector<std::string> nearest = nearest_names(word, names);
  if (nearest.empty()) return "there is: " + name_list(names);
  return fmt::format("did you mean '{}'?", fmt::join(nearest, "' or '"));
}

std::string name_list(const std::vector<std::string>& names) {
  if (names.size() <= kListed) return fmt::format("{}", fmt::join(names, ", "));
  return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + kListed, ", "), names.size() - kListed);
}

}  // namespace weft
