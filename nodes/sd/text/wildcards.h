// Texts with alternatives, "{a|b|c}", and with wildcards, "__name__", which stand for a line of a file: one text is drawn. The
// form is that of the Python library dynamicprompts, without its variables. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::sd {

/// A text that is read: parts, one after the other.
struct TemplatePart;
using Template = std::vector<TemplatePart>;

struct TemplatePart {
  enum class Kind { Text, Choice, Wildcard } kind = Kind::Text;
  std::string text = {};  ///< a wildcard's name
  std::vector<Template> options = {};  ///< of a choice
  std::vector<double> weights = {};  ///< one for each of them
  std::int64_t least = 1, most = 1;  ///< how many of them are taken
  std::string separator = ",";  ///< between those
};

/// {a|2::b} is one of the texts, b twice as often; {2$$a|b|c} two different ones in any order, {1-3$$ and $$a|b|c} up to three with
/// " and " between; __name__ a line of that wildcard, {2$$__name__} two of them. Spaces in front of an alternative do not
/// count. What follows # in a line is left out. '$', '%', '}' and '|' that begin or end nothing are text. Throws NodeError
/// with the column for a { that is never closed, and for variables (${) and wrapping (%{).
Template parse_template(std::string_view text);

/// The lines that a wildcard stands for, which are templates themselves; empty: there are none, and its name stays in the text.
using WildcardLines = std::function<std::vector<std::string>(const std::string& name)>;
/// Draws a place among weights, of which one at least is greater than 0.
using DrawPlace = std::function<std::size_t(const std::vector<double>& weights)>;

/// Throws NodeError for wildcards that name each other in a circle, and for a text beyond a million bytes.
std::string drawn(const Template& text, const WildcardLines& lines, const DrawPlace& draw);

}  // namespace weft::sd
