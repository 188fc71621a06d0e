#include "nodes/sd/networks/label_table.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <stdexcept>

namespace weft::sd {
namespace {

constexpr std::size_t kProposals = 3;

std::string folded(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const bool space = c == ' ' || c == '_' || c == '-' || c == '\t';
    if (space && (result.empty() || result.back() == ' ')) continue;
    result += space ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (result.ends_with(' ')) result.pop_back();
  return result;
}

// "kit fox, Vulpes macrotis" -> "kit fox", "vulpes macrotis"
std::vector<std::string> synonyms(std::string_view names) {
  std::vector<std::string> result;
  while (true) {
    const std::size_t comma = std::min(names.find(','), names.size());
    result.push_back(folded(names.substr(0, comma)));
    if (comma == names.size()) return result;
    names.remove_prefix(comma + 1);
  }
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// How many letters must be changed, added or left out (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

/// Of the words in `label`, those that are in `name` too make them near, whatever else the name has: "fox" is
/// near all foxes.
std::size_t strangeness(const std::string& label, const std::string& names) {
  std::size_t least = names.size() + label.size();
  for (const auto& name : synonyms(names)) {
    const std::size_t apart = distance(label, name);
    least = std::min(least, name.find(label) == std::string::npos ? 2 * apart : apart / 2);
  }
  return least;
}

std::vector<std::string> nearest(const std::string& label, const std::vector<std::string>& names) {
  std::vector<std::pair<std::size_t, std::size_t>> order;
  for (std::size_t i = 0; i < names.size(); ++i) order.emplace_back(strangeness(label, names[i]), i);
  const std::size_t count = std::min(kProposals, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end());
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(fmt::format("'{}'", names[order[i].second]));
  return result;
}

}  // namespace

LabelTable::LabelTable(at::Tensor table, std::vector<std::string> names, std::optional<std::int64_t> unconditional)
    : table_((table.dim() == 2 ? table.unsqueeze(1) : table).to(at::kFloat)),
      names_(std::move(names)),
      unconditional_(unconditional) {}

std::string LabelTable::name(std::int64_t label) const {
  const auto index = static_cast<std::size_t>(label);
  return index < names_.size() ? names_[index] : std::to_string(label);
}

std::int64_t LabelTable::find(std::string_view label) const {
  const std::string wanted = folded(label);
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const auto known = synonyms(names_[i]);
    if (folded(names_[i]) == wanted || std::find(known.begin(), known.end(), wanted) != known.end())
      return static_cast<std::int64_t>(i);
  }
  if (const auto index = number(label)) {
    if (*index >= 0 && *index < classes()) return *index;
    throw std::invalid_argument(fmt::format("there is no class {}: give 0 to {}{}", *index, classes() - 1,
        names_.empty() ? "" : ", or a name such as '" + names_.front() + "'"));
  }
  if (names_.empty())
    throw std::invalid_argument(fmt::format(
        "the classes have no names, so there is no '{}': give a number from 0 to {}", label, classes() - 1));
  throw std::invalid_argument(
      fmt::format("there is no class '{}': the nearest are {}", label, fmt::join(nearest(wanted, names_), ", ")));
}

at::Tensor LabelTable::context(std::span<const std::int64_t> labels) const {
  for (const std::int64_t label : labels) {
    if (label < 0 || label >= classes())
      throw std::invalid_argument(fmt::format("there is no class {}: give 0 to {}", label, classes() - 1));
  }
  return table_.index_select(0, at::tensor(at::ArrayRef<std::int64_t>(labels.data(), labels.size()), at::kLong));
}

}  // namespace weft::sd
