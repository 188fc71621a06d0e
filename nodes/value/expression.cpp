#include "nodes/value/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace weft::value {
namespace {

using Numbers = std::vector<Number>;
using Integer = std::int64_t;

constexpr int kMostLevels = 100;
constexpr std::size_t kLongest = 10'000;  // characters
constexpr double kMostPower = 4'000'000, kMostCalledPower = 4000;

[[noreturn]] void fail(const std::string& what, const std::string& remedy = "") { throw NodeError(what, remedy); }
[[noreturn]] void too_large() { fail("the result is too large for a whole number of 64 bits", "use float()"); }

bool is_real(const Number& n) { return std::holds_alternative<double>(n); }
Integer as_integer(const Number& n) {
  return std::holds_alternative<bool>(n) ? std::get<bool>(n) : std::get<Integer>(n);
}

Integer truncated(double value) {
  if (!std::isfinite(value)) fail("a number that is not finite cannot be made whole");
  if (std::abs(value) >= 9.2233720368547758e18) too_large();
  return static_cast<Integer>(value);
}

Number negated(const Number& n) {
  if (is_real(n)) return -std::get<double>(n);
  if (as_integer(n) == std::numeric_limits<Integer>::min()) too_large();
  return -as_integer(n);
}

Number divided_down(const Number& a, const Number& b) {
  if (as_double(b) == 0) fail("the expression divides by 0");
  if (is_real(a) || is_real(b)) {
    const double x = as_double(a), y = as_double(b), rest = std::fmod(x, y);
    double quotient = (x - rest) / y;
    if (rest != 0 && (rest < 0) != (y < 0)) quotient -= 1;
    return std::floor(quotient + 0.5);  // whole but for rounding
  }
  const Integer x = as_integer(a), y = as_integer(b);
  if (y == -1) return negated(x);
  return x / y - (x % y != 0 && (x % y < 0) != (y < 0));
}

Number remainder(const Number& a, const Number& b) {
  if (as_double(b) == 0) fail("the expression divides by 0");
  if (is_real(a) || is_real(b)) {
    const double y = as_double(b), rest = std::fmod(as_double(a), y);
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : std::copysign(rest, rest == 0 ? y : rest);
  }
  const Integer x = as_integer(a), y = as_integer(b);
  if (y == -1) return Integer{0};
  const Integer rest = x % y;
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

Number power(const Number& a, const Number& b, double most_base, double most) {
  if (std::abs(as_double(a)) > most_base || std::abs(as_double(b)) > most)
    fail(fmt::format("a power's base or exponent is too large: the largest exponent is {:g}", most));
  if (as_double(a) == 0 && as_double(b) < 0) fail("the expression takes 0 to a negative power");
  if (is_real(a) || is_real(b) || as_integer(b) < 0) {
    const double result = std::pow(as_double(a), as_double(b));
    if (std::isnan(result)) fail("the expression takes a negative number to a broken power");
    return result;
  }
  Integer result = 1;
  Integer base = as_integer(a);
  for (Integer left = as_integer(b); left > 0; left >>= 1) {
    if ((left & 1) != 0 && __builtin_mul_overflow(result, base, &result)) too_large();
    if (left > 1 && __builtin_mul_overflow(base, base, &base)) too_large();
  }
  return result;
}

Number shifted(const Number& a, const Number& b, bool left) {
  if (is_real(a) || is_real(b)) fail("only whole numbers are shifted");
  const Integer value = as_integer(a), by = as_integer(b);
  if (by < 0) fail("the expression shifts by a negative number");
  if (!left) return value >> std::min<Integer>(by, 63);
  Integer result = 0;
  if (value == 0) return result;
  if (by > 62 || __builtin_mul_overflow(value, Integer{1} << by, &result)) too_large();
  return result;
}

Number computed(std::string_view sign, const Number& a, const Number& b) {
  const bool real = is_real(a) || is_real(b);
  Integer whole = 0;
  const auto of = [&](bool overflows, double value) -> Number {
    if (real) return value;
    if (overflows) too_large();
    return whole;
  };
  const Integer x = real ? 0 : as_integer(a), y = real ? 0 : as_integer(b);
  if (sign == "+") return of(__builtin_add_overflow(x, y, &whole), as_double(a) + as_double(b));
  if (sign == "-") return of(__builtin_sub_overflow(x, y, &whole), as_double(a) - as_double(b));
  if (sign == "*") return of(__builtin_mul_overflow(x, y, &whole), as_double(a) * as_double(b));
  if (sign == "//") return divided_down(a, b);
  if (sign == "%") return remainder(a, b);
  if (sign == "**") return power(a, b, kMostPower, kMostPower);
  if (sign == "<<" || sign == ">>") return shifted(a, b, sign == "<<");
  if (sign == "/") {
    if (as_double(b) == 0) fail("the expression divides by 0");
    return as_double(a) / as_double(b);
  }
  if (real) fail(fmt::format("'{}' takes whole numbers", sign));
  const bool both_bool = std::holds_alternative<bool>(a) && std::holds_alternative<bool>(b);
  const Integer bits = sign == "&" ? x & y : sign == "|" ? x | y : x ^ y;
  if (both_bool) return bits != 0;
  return bits;
}

bool less(const Number& a, const Number& b) {
  return is_real(a) || is_real(b) ? as_double(a) < as_double(b) : as_integer(a) < as_integer(b);
}
bool equal(const Number& a, const Number& b) {
  return is_real(a) || is_real(b) ? as_double(a) == as_double(b) : as_integer(a) == as_integer(b);
}

Number rounded(const Numbers& args) {
  if (args.size() == 1)
    return is_real(args[0]) ? Number(truncated(std::nearbyint(as_double(args[0])))) : as_integer(args[0]);
  if (is_real(args[1])) fail("round() takes a whole number of digits");
  const Integer digits = std::clamp<Integer>(as_integer(args[1]), -400, 400);
  if (!is_real(args[0]) && digits >= 0) return as_integer(args[0]);
  if (digits >= 0) return std::stod(fmt::format("{:.{}f}", as_double(args[0]), digits));
  const double unit = std::pow(10.0, static_cast<double>(-digits));
  const double result = std::isfinite(unit) ? std::nearbyint(as_double(args[0]) / unit) * unit : 0;
  return is_real(args[0]) ? Number(result) : truncated(result);
}

Number of_real(double (*function)(double), const Number& x, const char* name, double least, bool open) {
  const double value = as_double(x);
  if (value < least || (open && value == least)) fail(fmt::format("{}() has no value for {:g}", name, value));
  return function(value);
}

/// Functions by name, with how many arguments they take at least and at most.
struct Function {
  const char* name;
  std::size_t least, most;
  Number (*call)(const Numbers&);
};

constexpr std::size_t kAny = 1000;
constexpr double kEverything = -std::numeric_limits<double>::infinity();

constexpr std::array<Function, 17> kFunctions = {{
    {"sum", 1, kAny,
        [](const Numbers& args) {
          Number sum = Integer{0};
          for (const Number& each : args) sum = computed("+", sum, each);
          return sum;
        }},
    {"min", 1, kAny, [](const Numbers& args) { return *std::min_element(args.begin(), args.end(), less); }},
    {"max", 1, kAny,
        [](const Numbers& args) {
          Number most = args[0];  // of equals the first
          for (const Number& each : args)
            if (less(most, each)) most = each;
          return most;
        }},
    {"abs", 1, 1,
        [](const Numbers& args) {
          return as_double(args[0]) < 0 ? negated(args[0]) : computed("+", args[0], Integer{0});
        }},
    {"round", 1, 2, rounded},
    {"pow", 2, 2,
        [](const Numbers& args) {
          return power(args[0], args[1], std::numeric_limits<double>::infinity(), kMostCalledPower);
        }},
    {"sqrt", 1, 1, [](const Numbers& args) { return of_real(std::sqrt, args[0], "sqrt", 0, false); }},
    {"ceil", 1, 1,
        [](const Numbers& args) {
          return Number(is_real(args[0]) ? truncated(std::ceil(as_double(args[0]))) : as_integer(args[0]));
        }},
    {"floor", 1, 1,
        [](const Numbers& args) {
          return Number(is_real(args[0]) ? truncated(std::floor(as_double(args[0]))) : as_integer(args[0]));
        }},
    {"log", 1, 2,
        [](const Numbers& args) {
          const Number top = of_real(std::log, args[0], "log", 0, true);
          if (args.size() == 1) return top;
          return computed("/", top, of_real(std::log, args[1], "log", 0, true));
        }},
    {"log2", 1, 1, [](const Numbers& args) { return of_real(std::log2, args[0], "log2", 0, true); }},
    {"log10", 1, 1, [](const Numbers& args) { return of_real(std::log10, args[0], "log10", 0, true); }},
    {"sin", 1, 1, [](const Numbers& args) { return of_real(std::sin, args[0], "sin", kEverything, false); }},
    {"cos", 1, 1, [](const Numbers& args) { return of_real(std::cos, args[0], "cos", kEverything, false); }},
    {"tan", 1, 1, [](const Numbers& args) { return of_real(std::tan, args[0], "tan", kEverything, false); }},
    {"int", 1, 1,
        [](const Numbers& args) {
          return Number(is_real(args[0]) ? truncated(as_double(args[0])) : as_integer(args[0]));
        }},
    {"float", 1, 1, [](const Numbers& args) { return Number(as_double(args[0])); }},
}};

/// Reads and computes at once, operators that bind least first. What is not needed, behind a false `and`, is read without being live:
/// checked for its form, and not computed.
class Evaluator {
 public:
  Evaluator(std::string_view text, const std::vector<std::pair<std::string, Number>>& variables)
      : text_(text), variables_(variables) {}

  Number whole() {
    const Number result = choice();
    skip();
    if (at_ < text_.size()) refuse("does not belong there");
    return result;
  }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] >= '\t' && text_[at_] <= '\r'))) ++at_;
  }
  char next(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
  }

  [[noreturn]] void refuse(const std::string& why) {
    skip();
    const std::string what = at_ < text_.size()
        ? fmt::format("'{}' {}", text_.substr(at_, is_word(next()) ? word_end() - at_ : 1), why)
        : std::string("something is missing at the end");
    throw NodeError(fmt::format("expression, column {}: {}", at_ + 1, what), "write it as in a + b * 2");
  }
  std::size_t word_end() const {
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    return end;
  }

  bool sign(std::string_view wanted) {
    skip();
    if (!text_.substr(at_).starts_with(wanted)) return false;
    const char after = next(wanted.size());
    if ((wanted == "*" && after == '*') || (wanted == "/" && after == '/')) return false;
    if ((wanted == "<" || wanted == ">") && (after == wanted[0] || after == '=')) return false;
    if (is_word(wanted[0]) && is_word(after)) return false;
    at_ += wanted.size();
    return true;
  }

  /// "a if c else b": what is not chosen is not computed, so it is read once before it is known.
  Number choice() {
    if (++level_ > kMostLevels)
      fail(fmt::format("the expression has more than {} brackets within each other", kMostLevels));
    const bool live = live_;
    const std::size_t begin = at_;
    live_ = false;
    Number value = disjunction();
    live_ = live;
    if (sign("if")) {
      const bool chosen = as_bool(disjunction());
      if (!sign("else")) refuse("stands where 'else' is missing");
      live_ = live && !chosen;
      const Number other = choice();
      live_ = live;
      const std::size_t end = at_;
      if (live && chosen) {
        at_ = begin;
        value = disjunction();
        at_ = end;
      } else {
        value = other;
      }
    } else if (live) {
      at_ = begin;
      value = disjunction();
    }
    --level_;
    return value;
  }

  Number disjunction() {
    Number value = conjunction();
    while (sign("or")) value = skipping(as_bool(value), value, [&] { return conjunction(); });
    return value;
  }
  Number conjunction() {
    Number value = negation();
    while (sign("and")) value = skipping(!as_bool(value), value, [&] { return negation(); });
    return value;
  }
  /// What `read` reads; if it is not needed, the value so far.
  template <class Read>
  Number skipping(bool skipped, const Number& value, Read read) {
    const bool live = live_;
    live_ = live && !skipped;
    const Number other = read();
    live_ = live;
    return skipped ? value : other;
  }

  Number negation() {
    if (!sign("not")) return comparison();
    if (++level_ > kMostLevels) fail("the expression has too many signs in a row");
    const Number value = !as_bool(negation());
    --level_;
    return value;
  }

  Number comparison() {
    Number left = binary(0);
    bool result = true, compared = false;
    for (;;) {
      static constexpr std::array<std::string_view, 6> kSigns = {"==", "!=", "<=", ">=", "<", ">"};
      const auto found = std::ranges::find_if(kSigns, [&](std::string_view s) { return sign(s); });
      if (found == kSigns.end()) break;
      const Number right = binary(0);
      const std::string_view s = *found;
      const bool holds = s == "==" ? equal(left, right)
          : s == "!="              ? !equal(left, right)
          : s == "<"               ? less(left, right)
          : s == ">"               ? less(right, left)
          : s == "<="              ? !less(right, left)
                                   : !less(left, right);
      result = result && holds;
      compared = true;
      left = right;
    }
    return compared ? Number(result) : left;
  }

  Number binary(std::size_t rank) {
    static const std::array<std::vector<std::string_view>, 6> kRanks = {
        {{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"//", "*", "/", "%"}}};
    if (rank == kRanks.size()) return unary();
    Number left = binary(rank + 1);
    for (;;) {
      const auto found = std::ranges::find_if(kRanks[rank], [&](std::string_view s) { return sign(s); });
      if (found == kRanks[rank].end()) return left;
      const Number right = binary(rank + 1);
      if (live_) left = computed(*found, left, right);
    }
  }

  Number unary() {
    const bool minus = sign("-"), plus = !minus && sign("+"), bits = !minus && !plus && sign("~");
    if (!minus && !plus && !bits) return powers();
    if (++level_ > kMostLevels) fail("the expression has too many signs in a row");
    const Number value = unary();
    --level_;
    if (!live_) return value;
    if (minus) return negated(value);
    if (plus) return computed("+", value, Integer{0});
    if (is_real(value)) fail("'~' takes a whole number");
    return ~as_integer(value);
  }

  Number powers() {
    const Number base = atom();
    if (!sign("**")) return base;
    const Number exponent = unary();
    return live_ ? computed("**", base, exponent) : base;
  }

  Number atom() {
    skip();
    if (sign("(")) {
      const Number value = choice();
      if (!sign(")")) refuse("stands where ) is missing");
      return value;
    }
    const char c = next();
    if ((c >= '0' && c <= '9') || (c == '.' && next(1) >= '0' && next(1) <= '9')) return number();
    if (!is_word(c)) refuse("is no number or name");
    const std::size_t end = word_end();
    const std::string_view name = text_.substr(at_, end - at_);
    if (name == "True" || name == "False") {
      at_ = end;
      return name == "True";
    }
    for (const auto& [known, value] : variables_)
      if (known == name) {
        at_ = end;
        return value;
      }
    if (name == "values") return listed(end);
    for (const Function& function : kFunctions)
      if (name == function.name) {
        at_ = end;
        return called(function);
      }
    refuse("is neither a linked value nor a function");
  }

  /// values[0], values[-1]
  Number listed(std::size_t end) {
    at_ = end;
    if (!sign("[")) refuse("stands where values[0] or sum(values) is meant");
    const Number place = choice();
    if (!sign("]")) refuse("stands where ] is missing");
    if (!live_) return Integer{0};
    const auto size = static_cast<Integer>(variables_.size());
    Integer at = is_real(place) ? size : as_integer(place);
    if (at < 0) at += size;
    if (at < 0 || at >= size) fail(fmt::format("values[...] has no such place: there are {} values", size));
    return variables_[static_cast<std::size_t>(at)].second;
  }

  Number called(const Function& function) {
    if (!sign("(")) refuse(fmt::format("stands where the ( of {}() is missing", function.name));
    Numbers args;
    skip();
    const bool is_list = text_.substr(at_, word_end() - at_) == "values";
    const std::size_t begin = at_;
    if (is_list) at_ = word_end();
    if (is_list && function.most == kAny && sign(")")) {
      for (const auto& [name, value] : variables_) args.push_back(value);
    } else {
      at_ = begin;
      if (!sign(")")) {
        do args.push_back(choice());
        while (sign(","));
        if (!sign(")")) refuse("stands where ) is missing");
      }
    }
    if (args.size() < function.least && !(is_list && std::string_view(function.name) == "sum"))
      fail(fmt::format("{}() needs {} value{}", function.name, function.least, function.least == 1 ? "" : "s"));
    if (args.size() > function.most) fail(fmt::format("{}() takes {} values at most", function.name, function.most));
    return live_ ? function.call(args) : Number(Integer{0});
  }

  Number number() {
    std::size_t end = at_;
    const auto digits = [&] {
      while (end < text_.size() && ((text_[end] >= '0' && text_[end] <= '9') || text_[end] == '_')) ++end;
    };
    digits();
    bool real = false;
    if (end < text_.size() && text_[end] == '.') {
      real = true;
      ++end;
      digits();
    }
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      std::size_t exponent = end + 1;
      if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
      if (exponent < text_.size() && text_[exponent] >= '0' && text_[exponent] <= '9') {
        real = true;
        end = exponent;
        digits();
      }
    }
    std::string digits_only(text_.substr(at_, end - at_));
    std::erase(digits_only, '_');
    const char *first = digits_only.data(), *last = first + digits_only.size();
    Number value;
    if (real) {
      double parsed = 0;
      if (std::from_chars(first, last, parsed).ec != std::errc()) fail(fmt::format("{} is too large", digits_only));
      value = parsed;
    } else {
      Integer parsed = 0;
      if (std::from_chars(first, last, parsed).ec != std::errc()) too_large();
      value = parsed;
    }
    at_ = end;
    if (is_word(next())) refuse("follows a number");
    return value;
  }

  std::string_view text_;
  const std::vector<std::pair<std::string, Number>>& variables_;
  std::size_t at_ = 0;
  int level_ = 0;
  bool live_ = true;
};

}  // namespace

double as_double(const Number& number) {
  return std::visit([](auto value) { return static_cast<double>(value); }, number);
}
bool as_bool(const Number& number) {
  return std::visit([](auto value) { return value != 0; }, number);
}

Number evaluated(std::string_view expression, const std::vector<std::pair<std::string, Number>>& variables) {
  if (expression.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos)
    throw NodeError("the expression is empty", "write one, such as a + b");
  if (expression.size() > kLongest)
    throw NodeError(fmt::format("the expression is longer than {} characters", kLongest), "shorten it");
  const Number result = Evaluator(expression, variables).whole();
  if (!std::isfinite(as_double(result))) throw NodeError("the expression's result is no finite number", "change it");
  return result;
}

}  // namespace weft::value
