// text.match, .extract, .replace_pattern: regular expressions.
#include <fmt/format.h>

#include <boost/regex.hpp>
#include <locale>
#include <optional>

#include "nodes/sd/text/code_points.h"
#include "nodes/value/nodes.h"

namespace weft::value {
namespace {

// Over code points, so that '.' is a character and not a byte of one.
using Pattern = boost::basic_regex<wchar_t>;
using Match = boost::match_results<std::wstring::const_iterator>;

constexpr std::size_t kLongest = 1 << 20;  // characters of a text that is searched

std::wstring wide(const std::string& text) {
  const sd::CodePoints points = sd::decode_utf8(text);
  return {points.begin(), points.end()};
}

template <class Text>
std::string narrow(const Text& text) {
  std::string result;
  for (const auto point : text) sd::append_utf8(result, static_cast<std::int32_t>(point));
  return result;
}
std::string narrow(const boost::sub_match<std::wstring::const_iterator>& part) { return narrow(part.str()); }

struct Flags {
  bool ignore_case, multiline, dot_all;
};

/// Python's pattern as Perl's: names of groups are (?P<name>...) and (?P=name) there, and $ is the end of the text, or what is
/// before an end of line there.
std::wstring as_perl(std::wstring_view pattern, bool multiline) {
  std::wstring result;
  bool in_class = false;  // between [ and ]
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::wstring_view rest = pattern.substr(i);
    const std::size_t close = rest.find(L')');
    if (rest[0] == L'\\' && rest.size() > 1) {
      result += rest.substr(0, 2);
      ++i;
    } else if (in_class) {
      in_class = rest[0] != L']';
      result += rest[0];
    } else if (rest[0] == L'[') {
      // A ] that comes first is a sign of the class.
      const std::size_t first = rest.substr(0, 2) == L"[^" ? 2 : 1,
                        length = rest.substr(first, 1) == L"]" ? first + 1 : first;
      result += rest.substr(0, length);
      i += length - 1;
      in_class = true;
    } else if (rest.starts_with(L"(?P<")) {
      result += L"(?";
      i += 2;
    } else if (rest.starts_with(L"(?P=") && close != std::wstring_view::npos) {
      result += L"\\k<";
      result += rest.substr(4, close - 4);
      result += L'>';
      i += close;
    } else if (rest[0] == L'$' && !multiline) {
      result += L"(?=\\n?\\z)";
    } else {
      result += rest[0];
    }
  }
  return result;
}

/// Letters of all languages where the system knows them.
std::locale letters() {
  try {
    return std::locale(std::locale::classic(), "C.UTF-8", std::locale::ctype);
  } catch (const std::runtime_error&) {
    return std::locale::classic();
  }
}

/// Nothing for what is no regular expression.
std::optional<Pattern> compiled(const std::string& text, const Flags& flags) {
  auto options =
      boost::regex_constants::perl | (flags.dot_all ? boost::regex_constants::mod_s : boost::regex_constants::no_mod_s);
  if (flags.ignore_case) options |= boost::regex_constants::icase;
  if (!flags.multiline) options |= boost::regex_constants::no_mod_m;
  try {
    Pattern pattern;
    pattern.imbue(letters());
    pattern.assign(as_perl(wide(text), flags.multiline), options);
    return pattern;
  } catch (const boost::regex_error&) {
    return std::nullopt;
  }
}

/// Calls `visit` for each match from left to right, until it returns false. Throws NodeError for a search without end.
template <class Visit>
void each_match(const std::wstring& text, const Pattern& pattern, const Visit& visit) {
  if (text.size() > kLongest)
    throw NodeError(
        fmt::format("the text has {} characters, the most to search are {}", text.size(), kLongest), "shorten it");
  try {
    for (boost::regex_iterator<std::wstring::const_iterator> match(text.begin(), text.end(), pattern), end;
        match != end; ++match) {
      cancel_point();
      if (!visit(*match)) return;
    }
  } catch (const NodeError&) {
    throw;
  } catch (const std::runtime_error&) {  // Boost counts its steps
    throw NodeError("the regular expression takes too long on this text", "write it without repeats within repeats");
  }
}

/// What the nodes have in common.
class PatternNode : public Node {
 protected:
  Param<std::string> string_{*this, "text", {.widget = Widget::Text, .tip = "a text"}};
  Param<std::string> pattern_{
      *this, "pattern", {.widget = Widget::Text, .tip = "a regular expression, as Perl and Python write them"}};

  static Flags flags(bool ignore_case, bool multiline, bool dot_all) { return {ignore_case, multiline, dot_all}; }
};

constexpr const char* kCaseTip = "A is the same letter as a";
constexpr const char* kLinesTip = "^ and $ are the ends of each line, and not of the text alone";
constexpr const char* kDotTip = ". is an end of a line, too";

class Matches final : public PatternNode {
  Param<bool> case_{*this, "case_insensitive", {.init = true, .tip = kCaseTip}};
  Param<bool> lines_{*this, "multiline", {.tip = kLinesTip}};
  Param<bool> dot_{*this, "dotall", {.tip = kDotTip}};
  Output<bool> matches_{*this, "matches", {.tip = "whether it fits anywhere in the text"}};

  void run(RunContext& ctx) const override {
    bool found = false;
    if (const auto pattern = compiled(ctx[pattern_], flags(ctx[case_], ctx[lines_], ctx[dot_])))
      each_match(wide(ctx[string_]), *pattern, [&](const Match&) { return !(found = true); });
    else
      ctx.warn("the pattern is no regular expression: it fits nowhere");
    ctx.set(matches_, found);
  }
};

class Extract final : public PatternNode {
  Param<std::string> mode_{*this, "mode",
      {.init = "First Match",
          .choices = {"First Match", "All Matches", "First Group", "All Groups"},
          .tip = "what is taken; a group is what fits between brackets of the pattern"}};
  Param<bool> case_{*this, "case_insensitive", {.init = true, .tip = kCaseTip}};
  Param<bool> lines_{*this, "multiline", {.tip = kLinesTip}};
  Param<bool> dot_{*this, "dotall", {.tip = kDotTip}};
  Param<std::int64_t> group_{
      *this, "group_index", {.init = 1, .min = 0, .max = 100, .tip = "which group; 0 is the whole match"}};
  Output<std::string> text_{*this, "text", {.tip = "what fits, a line each; empty if nothing does"}};

  void run(RunContext& ctx) const override {
    const std::string mode = ctx[mode_];
    const bool all = mode.starts_with("All"), grouped = mode.ends_with("Group") || mode.ends_with("Groups");
    const auto pattern = compiled(ctx[pattern_], flags(ctx[case_], ctx[lines_], ctx[dot_]));
    if (!pattern) ctx.warn("the pattern is no regular expression: it fits nowhere");
    const std::size_t groups = pattern ? pattern->mark_count() : 0, wanted = static_cast<std::size_t>(ctx[group_]);
    // As ComfyUI has it, all matches of a pattern with groups are those of its first one.
    const std::size_t part = grouped ? wanted : all && groups > 0 ? 1 : 0;
    std::string result;
    bool first = true;
    const bool has_part = !grouped || (groups >= wanted && (groups > 0 || !all));
    const std::wstring text = wide(ctx[string_]);
    if (pattern && has_part)
      each_match(text, *pattern, [&](const Match& match) {
        if (!first) result += '\n';
        result += narrow(match[static_cast<int>(part)]);
        first = false;
        return all;
      });
    ctx.set(text_, std::move(result));
  }
};

class ReplacePattern final : public PatternNode {
  Param<std::string> replace_{*this, "replace",
      {.widget = Widget::Text,
          .tip = "what takes the place of a match; \\1 is its first group, \\g<name> one with a name"}};
  Param<bool> case_{*this, "case_insensitive", {.init = true, .tip = kCaseTip}};
  Param<bool> lines_{*this, "multiline", {.tip = kLinesTip}};
  Param<bool> dot_{*this, "dotall", {.tip = kDotTip}};
  Param<std::int64_t> count_{
      *this, "count", {.min = 0, .max = 100, .tip = "how many matches are replaced; 0: all of them"}};
  Output<std::string> text_{*this, "text", {.tip = "the new text"}};

  void run(RunContext& ctx) const override {
    const auto pattern = compiled(ctx[pattern_], flags(ctx[case_], ctx[lines_], ctx[dot_]));
    if (!pattern) throw NodeError("the pattern is no regular expression", "look at its brackets and signs");
    const std::wstring text = wide(ctx[string_]), by = wide(ctx[replace_]);
    std::wstring result;
    auto rest = text.begin();
    std::int64_t done = 0;
    each_match(text, *pattern, [&](const Match& match) {
      result.append(rest, match[0].first);
      result += filled(by, match, pattern->mark_count());
      if (result.size() > 16 * kLongest) throw NodeError("the text becomes too long", "replace by less");
      rest = match[0].second;
      return ++done != ctx[count_];
    });
    result.append(rest, text.end());
    ctx.set(text_, narrow(result));
  }

  /// A replacement with what groups have matched in the place of \1, \g<1>, \g<name>; \n and \t are what they are elsewhere.
  static std::wstring filled(const std::wstring& by, const Match& match, std::size_t groups) {
    std::wstring result;
    for (std::size_t i = 0; i < by.size(); ++i) {
      const wchar_t next = i + 1 < by.size() ? by[i + 1] : L'\0';
      if (by[i] != L'\\' || next == L'\0') {
        if (by[i] == L'\\') throw NodeError("the replacement ends with a single \\", "write \\\\ for the sign itself");
        result += by[i];
        continue;
      }
      ++i;
      if (next >= L'0' && next <= L'9') {
        std::size_t number = static_cast<std::size_t>(next - L'0');
        if (i + 1 < by.size() && by[i + 1] >= L'0' && by[i + 1] <= L'9')
          number = number * 10 + static_cast<std::size_t>(by[++i] - L'0');
        result += group(match, number, groups);
      } else if (next == L'g' && i + 1 < by.size() && by[i + 1] == L'<') {
        const std::size_t close = by.find(L'>', i);
        if (close == std::wstring::npos) throw NodeError("\\g< is never closed in the replacement", "close it with >");
        const std::wstring name = by.substr(i + 2, close - i - 2);
        const bool is_number =
            !name.empty() && name.size() < 4 && name.find_first_not_of(L"0123456789") == std::wstring::npos;
        result += is_number ? group(match, std::stoul(name), groups)
                            : match.named_subexpression(name.data(), name.data() + name.size()).str();
        i = close;
      } else if (constexpr std::wstring_view kSigns = L"ntrfv\\"; kSigns.find(next) != std::wstring_view::npos) {
        result += std::wstring_view(L"\n\t\r\f\v\\")[kSigns.find(next)];
      } else {
        const bool is_letter = (next >= L'a' && next <= L'z') || (next >= L'A' && next <= L'Z');
        if (is_letter)
          throw NodeError(fmt::format("\\{} means nothing in a replacement", static_cast<char>(next)),
              "write \\\\ for the sign itself");
        result += {L'\\', next};
      }
    }
    return result;
  }

  static std::wstring group(const Match& match, std::size_t number, std::size_t groups) {
    if (number > groups)
      throw NodeError(fmt::format("the replacement names group {}, and the pattern has {}", number, groups),
          "put brackets around what it shall be");
    return match[static_cast<int>(number)].str();
  }
};

std::vector<ForeignClass> comfyui(const char* name, std::vector<ForeignInput> more, const char* output) {
  std::vector<ForeignInput> inputs = {{"string", "text"}, {"regex_pattern", "pattern"}};
  inputs.insert(inputs.end(), more.begin(), more.end());
  return {{.program = "comfyui", .name = name, .inputs = std::move(inputs), .outputs = {output}}};
}

}  // namespace

void add_patterns(Registry& registry) {
  constexpr const char* kMenu = "Values/Text";
  registry.add<Matches>("text.match",
      {.title = "Match Pattern",
          .menu = kMenu,
          .doc = "Whether a regular expression fits anywhere in a text.",
          .foreign = comfyui("RegexMatch", {"case_insensitive", "multiline", "dotall"}, "matches")});
  registry.add<Extract>("text.extract",
      {.title = "Extract by Pattern",
          .menu = kMenu,
          .doc = "What a regular expression fits in a text, or one of its groups.",
          .foreign =
              comfyui("RegexExtract", {"mode", "case_insensitive", "multiline", "dotall", "group_index"}, "text")});
  registry.add<ReplacePattern>("text.replace_pattern",
      {.title = "Replace by Pattern",
          .menu = kMenu,
          .doc = "Puts a text in the place of what a regular expression fits.",
          .foreign = comfyui("RegexReplace", {"replace", "case_insensitive", "multiline", "dotall", "count"}, "text")});
}

}  // namespace weft::value
