#include "nodes/sd/text/compel_prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "nodes/sd/text/prompt_chunks.h"

namespace weft::sd {
namespace {

constexpr double kPlus = 1.1, kMinus = 0.9;
constexpr int kMostLevels = 100;
constexpr std::string_view kSyntax = "()\",.+-=";

using Runs = std::vector<WeightedText>;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_keyword(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

void append(Runs& to, const Runs& more) { to.insert(to.end(), more.begin(), more.end()); }

/// \( \) \" without their sign. Other signs keep it, as in compel.
std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '\\' && i + 1 < text.size() && std::string_view("()\"").find(text[i + 1]) != std::string_view::npos;
    if (escaped) ++i;
    result += text[i];
  }
  return result;
}

/// Neighbours of equal weight, joined by spaces.
Runs fused(const Runs& runs) {
  Runs result;
  for (const WeightedText& run : runs) {
    if (!result.empty() && result.back().weight == run.weight)
      result.back().text += " " + run.text;
    else
      result.push_back(run);
  }
  return result;
}

/// Reads from left to right. A function that reads something skips spaces before it, and leaves the place where it was if it
/// is not there.
class CompelReader {
 public:
  CompelReader(std::string_view text, std::vector<std::string>& warnings) : text_(text), warnings_(warnings) {}

  /// A prompt that takes up the whole text; what has no meaning in it is text.
  Runs prompt() {
    Runs runs;
    while (skip(), at_ < text_.size()) {
      std::optional<Runs> part;
      (part = swap()) || (part = lora()) || (part = attention()) || (part = quoted()) || (part = bracketed());
      if (!part) {
        const std::size_t begin = at_;
        while (at_ < text_.size() && !is_space(text_[at_])) ++at_;
        part = Runs{{unescaped(text_.substr(begin, at_ - begin)), 1}};
      }
      append(runs, *part);
    }
    return runs;
  }

  /// The same of what stands in quotes or brackets: everything must have a meaning. Nothing where it has not.
  std::optional<Runs> whole_fragment() {
    Runs runs = fragment(/*commas=*/true);
    skip();
    return at_ == text_.size() ? std::optional(std::move(runs)) : std::nullopt;
  }

  struct Operator {
    std::string name;  ///< ".blend"
    std::vector<Runs> targets;
    std::vector<std::string> options;
    std::size_t options_at = 0;
  };

  /// ("a", "b").blend(1, 2)
  std::optional<Operator> operation(std::initializer_list<std::string_view> names) {
    const std::size_t begin = at_;
    Operator found;
    const auto read = [&] {
      if (!sign('(')) return false;
      do {
        auto target = operand();
        if (!target) target = quoted_prompt();
        if (!target) return false;
        found.targets.push_back(std::move(*target));
      } while (sign(','));
      if (!sign(')')) return false;
      for (const std::string_view name : names)
        if (found.name.empty() && literal(name)) found.name = name;
      if (found.name.empty() || !sign('(')) return false;
      found.options_at = at_;
      return options(found.options) && sign(')');
    };
    if (read()) return found;
    at_ = begin;
    return std::nullopt;
  }

  /// Where the next thing that is no space stands; the text's size at its end.
  std::size_t place() {
    skip();
    return at_;
  }

 private:
  void skip() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool literal(std::string_view word) {
    const std::size_t begin = at_;
    skip();
    if (text_.substr(at_).starts_with(word)) {
      at_ += word.size();
      return true;
    }
    at_ = begin;
    return false;
  }
  bool sign(char c) { return literal(std::string_view(&c, 1)); }
  char next(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  /// What `read` reads; else the place is as before.
  template <class Read>
  std::optional<Runs> attempt(Read read) {
    const std::size_t begin = at_;
    std::optional<Runs> found = read();
    if (!found) at_ = begin;
    return found;
  }

  /// A word without signs that have a meaning.
  std::optional<Runs> word() {
    return attempt([&]() -> std::optional<Runs> {
      skip();
      const std::size_t begin = at_;
      for (; at_ < text_.size(); ++at_) {
        const char c = text_[at_], after = next(1);
        const bool is_sign = kSyntax.find(c) != std::string_view::npos;
        const bool ends = at_ + 1 == text_.size() || is_space(after);
        if (c == '\\' && !ends && kSyntax.find(after) != std::string_view::npos) {
          ++at_;
        } else if (c == '+' || c == '-') {  // within a word it is text
          if (ends || kSyntax.find(after) != std::string_view::npos) break;
        } else if (is_sign || is_space(c)) {
          break;
        }
      }
      if (at_ == begin) return std::nullopt;
      return Runs{{unescaped(text_.substr(begin, at_ - begin)), 1}};
    });
  }

  std::optional<Runs> bracketed() {
    const std::size_t begin = place_without_moving();
    const auto known = brackets_.find(begin);
    if (known == brackets_.end() && text_.substr(begin).starts_with('(') && level_ < kMostLevels) {
      ++level_;
      auto found = attempt([&]() -> std::optional<Runs> {
        sign('(');
        Runs runs = fragment(/*commas=*/true);
        return sign(')') ? std::optional(std::move(runs)) : std::nullopt;
      });
      --level_;
      brackets_[begin] = {std::move(found), at_};
      return brackets_[begin].first;
    }
    if (known == brackets_.end() || !known->second.first) return std::nullopt;
    at_ = known->second.second;
    return known->second.first;
  }

  std::size_t place_without_moving() const {
    std::size_t at = at_;
    while (at < text_.size() && is_space(text_[at])) ++at;
    return at;
  }

  /// What stands between quotes, without them.
  std::optional<std::string> quotation() {
    const std::size_t begin = at_;
    if (sign('"')) {
      const std::size_t first = at_;
      for (; at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r'; ++at_) {
        if (text_[at_] == '"') return std::string(text_.substr(first, at_++ - first));
        if (text_[at_] == '\\' && next(1) == '"') ++at_;
      }
    }
    at_ = begin;
    return std::nullopt;
  }

  std::optional<Runs> quoted() {
    return attempt([&]() -> std::optional<Runs> {
      const auto inside = quotation();
      if (!inside) return std::nullopt;
      if (std::ranges::all_of(*inside, is_space)) return Runs{{"", 1}};
      return CompelReader(*inside, warnings_).whole_fragment();
    });
  }

  std::optional<Runs> quoted_prompt() {
    const auto inside = quotation();
    return inside ? std::optional(CompelReader(*inside, warnings_).prompt()) : std::nullopt;
  }

  /// What an operator can stand behind.
  std::optional<Runs> operand() {
    auto found = quoted();
    if (!found) found = bracketed();
    return found ? found : word();
  }

  Runs fragment(bool commas) {
    Runs runs;
    for (;;) {
      std::optional<Runs> part;
      (part = lora()) || (part = attention()) || (part = swap()) || (part = bracketed()) || (part = quoted()) ||
          (part = word());
      for (const char c : {',', '.'})
        if (!part && commas && sign(c)) part = Runs{{std::string(1, c), 1}};
      if (!part) return runs;
      append(runs, *part);
    }
  }

  std::optional<double> signs() {
    const char c = next();
    if (c != '+' && c != '-') return std::nullopt;
    int count = 0;
    for (; next() == c; ++at_) ++count;
    return std::pow(c == '+' ? kPlus : kMinus, count);
  }

  /// "1.5", ".5", "-2"; the text of it.
  std::optional<std::string> number() {
    const std::size_t begin = at_;
    skip();
    const std::size_t first = at_;
    if (next() == '+' || next() == '-') ++at_;
    const std::size_t digits = at_;
    while (is_digit(next())) ++at_;
    const bool whole = at_ > digits, point = next() == '.' && (whole || is_digit(next(1)));
    if (point)
      for (++at_; is_digit(next());) ++at_;
    if ((whole || point) && (point || text_[first] != '+')) return std::string(text_.substr(first, at_ - first));
    at_ = begin;
    return std::nullopt;
  }

  std::optional<double> weight() {
    if (const auto signed_weight = signs()) return signed_weight;
    const auto text = number();
    return text ? std::optional(value_of(*text)) : std::nullopt;
  }

 public:
  /// Of what number() gives.
  static double value_of(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

 private:
  static Runs weighted(Runs runs, double weight) {
    for (WeightedText& run : runs) run.weight *= weight;
    return runs;
  }

  std::optional<Runs> attention() {
    auto found = attempt([&]() -> std::optional<Runs> {
      auto target = operand();
      if (!target || !literal(".attend") || !sign('(')) return std::nullopt;
      skip();
      const auto by = weight();
      return by && sign(')') ? std::optional(weighted(std::move(*target), *by)) : std::nullopt;
    });
    if (found) return found;
    return attempt([&]() -> std::optional<Runs> {
      auto target = quoted();
      if (!target) target = bracketed();
      const bool grouped = target.has_value();
      if (!target) target = word();
      if (!target || is_space(next())) return std::nullopt;
      const auto by = grouped ? weight() : signs();
      return by ? std::optional(weighted(std::move(*target), *by)) : std::nullopt;
    });
  }

  std::optional<Runs> swap() {
    return attempt([&]() -> std::optional<Runs> {
      auto target = operand();
      if (!target || !literal(".swap") || !sign('(')) return std::nullopt;
      fragment(/*commas=*/false);
      std::vector<std::string> ignored;
      if (sign(',') && !options(ignored)) return std::nullopt;
      if (!sign(')')) return std::nullopt;
      warn("'.swap(...)' has no effect: the words before it are encoded, as compel does");
      if (target->empty()) target->push_back({"", 1});
      return target;
    });
  }

  std::optional<Runs> lora() {
    return attempt([&]() -> std::optional<Runs> {
      std::string name;
      if ((!literal("useLora") && !literal("withLora")) || !sign('(') || !keyword(name)) return std::nullopt;
      if (sign(',') && !number()) return std::nullopt;
      if (!sign(')')) return std::nullopt;
      warn(fmt::format("the LoRA '{}' is not applied by the text: use Load LoRA (model.lora)", name));
      return Runs{};
    });
  }

  bool keyword(std::string& word) {
    skip();
    const std::size_t begin = at_;
    while (is_keyword(next())) ++at_;
    word = text_.substr(begin, at_ - begin);
    return !word.empty();
  }

  /// "a=1, 0.5, flag"; of a pair, the name. May be empty.
  bool options(std::vector<std::string>& list) {
    for (;;) {
      const std::size_t begin = at_;
      std::string name, value;
      const bool named = keyword(name) && sign('=');
      if (named) {
        const auto amount = number();
        if (!amount && !keyword(value)) return false;
        list.push_back(name);
      } else {
        at_ = begin;
        if (const auto amount = number())
          list.push_back(*amount);
        else if (keyword(name))
          list.push_back(name);
        else
          return list.empty();
      }
      if (!sign(',')) return true;
    }
  }

  void warn(std::string sentence) {
    if (std::ranges::find(warnings_, sentence) == warnings_.end()) warnings_.push_back(std::move(sentence));
  }

  std::string_view text_;
  std::vector<std::string>& warnings_;
  std::size_t at_ = 0;
  int level_ = 0;
  // Each bracket is read once: several alternatives begin with it.
  std::map<std::size_t, std::pair<std::optional<Runs>, std::size_t>> brackets_;
};

/// A prompt with a space behind each comma, and the columns of what was written.
class SpacedText {
 public:
  explicit SpacedText(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      text_ += text[i];
      if (text[i] != ',' || i + 1 == text.size() || is_space(text[i + 1])) continue;
      added_.push_back(text_.size());
      text_ += ' ';
      text_ += text[++i];
    }
  }
  const std::string& text() const { return text_; }
  /// Characters up to a place, from 1.
  std::size_t column(std::size_t place) const {
    const auto is_first = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(place, text_.size()));
    const auto before = std::count_if(text_.begin(), end, is_first);
    const auto spaces = std::ranges::count_if(added_, [&](std::size_t at) { return at < place; });
    return static_cast<std::size_t>(before - spaces) + 1;
  }
  NodeError error(std::size_t place, const std::string& what, const std::string& remedy) const {
    return NodeError(fmt::format("text, column {}: {}", column(place), what), remedy);
  }

 private:
  std::string text_;
  std::vector<std::size_t> added_;
};

void take_weights(const SpacedText& text, const CompelReader::Operator& found, CompelPrompt& prompt) {
  std::vector<std::string> options = found.options;
  if (prompt.kind == CompelPrompt::Kind::Blend && !options.empty() && options.back() == "no_normalize") {
    prompt.normalize = false;
    options.pop_back();
  }
  for (const std::string& option : options) {
    if (option.find_first_not_of("+-.0123456789") != std::string::npos)
      throw text.error(found.options_at, fmt::format("{} takes numbers, and got '{}'", found.name, option),
          "give a weight for each text");
    prompt.weights.push_back(CompelReader::value_of(option));
  }
  if (prompt.weights.empty()) prompt.weights.assign(found.targets.size(), 1);
  if (prompt.weights.size() != found.targets.size())
    throw text.error(found.options_at,
        fmt::format("{} has {} texts and {} weights", found.name, found.targets.size(), prompt.weights.size()),
        "give a weight for each text, or none");
  double sum = 0;
  for (const double weight : prompt.weights) sum += weight;
  if (prompt.kind == CompelPrompt::Kind::Blend && prompt.normalize && sum == 0)
    throw text.error(found.options_at, "the weights of .blend sum up to 0, and are divided by their sum",
        "give other weights, or no_normalize as the last");
}

/// What looks like a bracket or an operator, and is text.
void warn_of_text(const SpacedText& spaced, CompelPrompt& prompt, bool is_operation) {
  std::vector<std::size_t> open;
  const std::string& text = spaced.text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '(')
      open.push_back(i);
    else if (text[i] == ')' && !open.empty())
      open.pop_back();
  }
  if (!open.empty())
    prompt.warnings.push_back(
        fmt::format("text, column {}: ( is never closed, and is read as text", spaced.column(open.front())));
  for (const std::string_view name : {".blend(", ".and(", ".add("})
    if (const std::size_t at = text.find(name); !is_operation && at != std::string::npos)
      prompt.warnings.push_back(fmt::format(
          "text, column {0}: {1}...) is read as text: it is written (\"one\", \"two\"){1}1, 1), with nothing beside",
          spaced.column(at), name));
}

}  // namespace

CompelPrompt parse_compel(std::string_view written) {
  require_short(written);
  const SpacedText text(written);
  CompelPrompt prompt;
  CompelReader reader(text.text(), prompt.warnings);
  auto found = reader.operation({".and", ".add"});
  if (found) prompt.kind = CompelPrompt::Kind::And;
  if (!found) found = reader.operation({".blend"});
  warn_of_text(text, prompt, found.has_value());
  if (!found) {
    prompt.prompts = {fused(reader.prompt())};
    if (prompt.prompts[0].empty()) prompt.prompts[0].push_back({"", 1});
    prompt.weights = {1};
    return prompt;
  }
  take_weights(text, *found, prompt);
  for (const Runs& target : found->targets) {
    prompt.prompts.push_back(fused(target));
    if (prompt.prompts.back().empty()) prompt.prompts.back().push_back({"", 1});
  }
  if (const std::size_t rest = reader.place(); rest < text.text().size())
    throw text.error(rest, fmt::format("text behind {}(...) belongs to no prompt", found->name),
        "put it in quotes between the brackets");
  return prompt;
}

}  // namespace weft::sd
