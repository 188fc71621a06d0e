#include "nodes/sd/adapters/block_strengths.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <ranges>
#include <regex>
#include <stdexcept>
#include <vector>

#include "nodes/sd/families/rename.h"
#include "nodes/sd/families/shared_names.h"

namespace weft::sd {
namespace {

constexpr const char* kRest = "BASE";

std::string block(const char* side, int number) { return fmt::format("{}{:02}", side, number); }

std::vector<std::string> names(const std::vector<int>& in, const std::vector<int>& out) {
  std::vector<std::string> result{kRest};
  for (const int i : in) result.push_back(block("IN", i));
  result.push_back(block("M", 0));
  for (const int i : out) result.push_back(block("OUT", i));
  return result;
}

std::vector<int> up_to(int end) {
  std::vector<int> numbers;
  for (int i = 0; i < end; ++i) numbers.push_back(i);
  return numbers;
}

/// Which blocks so many numbers are of; none: nobody writes so many.
std::vector<std::string> blocks_of(std::size_t count) {
  switch (count) {
    case 12:
      return names({4, 5, 7, 8}, {0, 1, 2, 3, 4, 5});  // Stable Diffusion XL's that attend
    case 17:
      return names({1, 2, 4, 5, 7, 8}, {3, 4, 5, 6, 7, 8, 9, 10, 11});
    case 20:
      return names(up_to(9), up_to(9));
    case 26:
      return names(up_to(12), up_to(12));
    default:
      return {};
  }
}

double number(std::string_view word) {
  while (!word.empty() && (word.front() == ' ' || word.front() == '\n')) word.remove_prefix(1);
  while (!word.empty() && (word.back() == ' ' || word.back() == '\n' || word.back() == '\r')) word.remove_suffix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value))
    throw std::invalid_argument(fmt::format("\"{}\" is no number", word));
  return value;
}

}  // namespace

BlockStrengths BlockStrengths::parse(std::string_view text) {
  std::vector<double> numbers;
  for (const auto word : std::views::split(text, ','))
    numbers.push_back(number(std::string_view(word.begin(), word.end())));
  const std::vector<std::string> blocks = blocks_of(numbers.size());
  if (blocks.empty())
    throw std::invalid_argument(
        fmt::format("{} numbers are of no model: 17 or 26 are of Stable Diffusion 1 and 2, "
                    "12 or 20 of Stable Diffusion XL",
            numbers.size()));
  BlockStrengths strengths;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    strengths.by_block_[blocks[i]] = numbers[i];
    strengths.text_ += fmt::format("{}{} {}", i == 0 ? "" : ",", blocks[i], numbers[i]);
  }
  return strengths;
}

double BlockStrengths::of(const std::string& block) const {
  const auto found = by_block_.find(block);
  return found == by_block_.end() ? 0 : found->second;
}

BlocksOfModel::BlocksOfModel(const Checkpoint& model) {
  if (!model.has(Part::UNet)) return;
  static const std::regex place(R"((input|middle|output)_blocks?\.(\d+)\..*)");
  const LdmShape shape{.unet_layers_per_block = model.unet_config().layers_per_block};
  for (const std::string& tensor : std::views::keys(model.tensors(Part::UNet))) {
    for (const std::string& before : names_before(kUNetNames, tensor, shape)) {
      std::smatch found;
      if (!std::regex_match(before, found, place)) continue;
      const bool middle = found[1] == "middle";
      blocks_["unet." + tensor] = block(middle ? "M"
              : found[1] == "input"            ? "IN"
                                               : "OUT",
          middle ? 0 : std::stoi(found[2]));
    }
  }
}

std::string BlocksOfModel::of(const std::string& tensor) const {
  const auto found = blocks_.find(tensor);
  return found == blocks_.end() ? kRest : found->second;
}

}  // namespace weft::sd
