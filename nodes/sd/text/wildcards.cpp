#include "nodes/sd/text/wildcards.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"

namespace weft::sd {
namespace {

constexpr int kMostLevels = 100;  // of brackets
constexpr int kMostCalls = 20;  // of wildcards by wildcards
constexpr std::size_t kLongest = 1'000'000;
constexpr std::string_view kWrap = "__";

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class TemplateReader {
 public:
  explicit TemplateReader(std::string_view text) : text_(text) {}

  /// Up to the end, or up to a '|' or '}' of the choice around.
  Template read(int level) {
    Template parts;
    while (at_ < text_.size()) {
      if (level > 0 && (text_[at_] == '|' || text_[at_] == '}')) break;
      if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_[at_] == '{') {
        parts.push_back(choice(level));
      } else if ((text_[at_] == '$' || text_[at_] == '%') && next(1) == '{') {
        throw error(at_, text_[at_] == '$' ? "variables (${...}) are not known" : "wrapping (%{...}) is not known",
            "write the text in their place");
      } else if (const auto name = wildcard_name()) {
        parts.push_back({.kind = TemplatePart::Kind::Wildcard, .text = *name});
      } else {
        if (parts.empty() || parts.back().kind != TemplatePart::Kind::Text) parts.emplace_back();
        parts.back().text += text_[at_++];
      }
    }
    return parts;
  }

 private:
  char next(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void skip() {
    while (is_space(next(0))) ++at_;
  }

  NodeError error(std::size_t place, const std::string& what, const std::string& remedy) const {
    const auto column = std::ranges::count_if(
        text_.substr(0, place), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    return NodeError(fmt::format("text, column {}: {}", column + 1, what), remedy);
  }

  TemplatePart choice(int level) {
    const std::size_t open = at_++;
    if (level >= kMostLevels) throw error(open, fmt::format("{{ stands within {} others", kMostLevels), "use fewer");
    TemplatePart part{.kind = TemplatePart::Kind::Choice};
    skip();
    if (std::string_view("~!@").find(next(0)) != std::string_view::npos && next(0) != '\0')
      ++at_;  // how it is drawn there
    bounds(part);
    do {
      skip();
      part.weights.push_back(weight());
      part.options.push_back(read(level + 1));
    } while (next(0) == '|' && ++at_ > 0);
    if (next(0) != '}') throw error(open, "{ is never closed", "close it with }, or leave it out");
    ++at_;
    if (std::ranges::none_of(part.weights, [](double weight) { return weight > 0; }))
      throw error(open, "all alternatives weigh 0", "give one of them a weight");
    const auto count = static_cast<std::int64_t>(part.options.size());
    if (part.most < 0) part.most = count;
    if (part.least > part.most) std::swap(part.least, part.most);
    return part;
  }

  std::optional<std::int64_t> integer() {
    std::int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || !is_digit(*begin)) return std::nullopt;
    at_ += static_cast<std::size_t>(end - begin);
    return value;
  }

  /// "2$$", "1-3$$", "-2$$ and $$"; most -1: as many as there are.
  void bounds(TemplatePart& part) {
    const std::size_t begin = at_;
    const auto least = integer();
    const bool range = next(0) == '-';
    if (range) ++at_;
    const auto most = range ? integer() : least;
    if ((!least && !most) || !text_.substr(at_).starts_with("$$")) {
      at_ = begin;
      return;
    }
    at_ += 2;
    part.least = least.value_or(1);
    part.most = most.value_or(-1);
    const std::size_t end = text_.find_first_of("${}\n", at_);
    if (end != std::string_view::npos && end > at_ && text_.substr(end).starts_with("$$")) {
      part.separator = text_.substr(at_, end - at_);
      at_ = end + 2;
    }
  }

  /// "0.5::"
  double weight() {
    std::size_t end = at_;
    while (end < text_.size() && (is_digit(text_[end]) || text_[end] == '.')) ++end;
    if (end == at_ || !text_.substr(end).starts_with("::")) return 1;
    double value = 0;
    const auto [stop, error] = std::from_chars(text_.data() + at_, text_.data() + end, value, std::chars_format::fixed);
    if (error != std::errc() || stop != text_.data() + end) return 1;
    at_ = end + 2;
    return value;
  }

  /// Of "__name__"; a ~, ! or @ before it says how it is drawn there.
  std::optional<std::string> wildcard_name() {
    if (!text_.substr(at_).starts_with(kWrap)) return std::nullopt;
    std::size_t begin = at_ + kWrap.size();
    const std::size_t close = text_.find(kWrap, begin);
    if (begin < text_.size() && std::string_view("~!@").find(text_[begin]) != std::string_view::npos) ++begin;
    const std::size_t stop = text_.find_first_of("({}#$|\n", begin);
    if (close == std::string_view::npos || close <= begin || stop < close) return std::nullopt;
    at_ = close + kWrap.size();
    return std::string(text_.substr(begin, close - begin));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

class Drawing {
 public:
  Drawing(const WildcardLines& lines, const DrawPlace& draw) : lines_(lines), draw_(draw) {}

  std::string text(const Template& parts, int calls) {
    std::string result;
    for (const TemplatePart& part : parts) {
      if (part.kind == TemplatePart::Kind::Text) result += part.text;
      if (part.kind == TemplatePart::Kind::Wildcard) result += line(part.text, calls);
      if (part.kind == TemplatePart::Kind::Choice) result += several(part, calls);
      length_ += part.text.size();
      if (result.size() > kLongest || length_ > kLongest)
        throw NodeError(fmt::format("the text that is drawn is longer than {} bytes", kLongest), "shorten it");
    }
    return result;
  }

 private:
  std::string line(const std::string& name, int calls) {
    if (calls >= kMostCalls)
      throw NodeError(
          fmt::format("the wildcard '{}' stands within {} others: do they name each other?", name, kMostCalls),
          "write a line of it in its place");
    const std::vector<std::string> lines = lines_(name);
    if (lines.empty()) return std::string(kWrap) + name + std::string(kWrap);
    return text(parse_template(lines[draw_(std::vector<double>(lines.size(), 1))]), calls + 1);
  }

  std::string several(const TemplatePart& choice, int calls) {
    // {2$$__name__} takes two of the lines.
    const bool is_wildcard = choice.options.size() == 1 && choice.options[0].size() == 1 &&
        choice.options[0][0].kind == TemplatePart::Kind::Wildcard;
    if (is_wildcard) {
      TemplatePart of_lines = choice;
      const std::vector<std::string> lines = lines_(choice.options[0][0].text);
      if (lines.empty() || calls >= kMostCalls) return line(choice.options[0][0].text, calls);
      of_lines.options.clear();
      for (const std::string& each : lines) of_lines.options.push_back(parse_template(each));
      of_lines.weights.assign(lines.size(), 1);
      return joined(of_lines, calls + 1);
    }
    return joined(choice, calls);
  }

  std::string joined(const TemplatePart& choice, int calls) {
    const auto able = std::ranges::count_if(choice.weights, [](double weight) { return weight > 0; });
    const std::int64_t least = std::min<std::int64_t>(choice.least, able),
                       most = std::min<std::int64_t>(choice.most, able);
    std::int64_t count = least;
    if (most > least)
      count += static_cast<std::int64_t>(draw_(std::vector<double>(static_cast<std::size_t>(most - least + 1), 1)));
    std::vector<double> weights = choice.weights;
    std::string result;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::size_t place = able > 1 ? draw_(weights) : first_of(weights);
      weights[place] = 0;
      if (i > 0) result += choice.separator;
      result += text(choice.options[place], calls);
    }
    return result;
  }

  static std::size_t first_of(const std::vector<double>& weights) {
    const auto found = std::ranges::find_if(weights, [](double weight) { return weight > 0; });
    return static_cast<std::size_t>(found - weights.begin());
  }

  const WildcardLines& lines_;
  const DrawPlace& draw_;
  std::size_t length_ = 0;
};

}  // namespace

Template parse_template(std::string_view text) { return TemplateReader(text).read(0); }

std::string drawn(const Template& text, const WildcardLines& lines, const DrawPlace& draw) {
  return Drawing(lines, draw).text(text, 0);
}

}  // namespace weft::sd
