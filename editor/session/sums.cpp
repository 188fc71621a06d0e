#include "editor/session/sums.h"

#include <cmath>
#include <string>

namespace weft::editor {

namespace {

/// Reads from left to right; `failed_` once something is no sum. By precedence: plus, times, sign, power, number.
class SumReader {
 public:
  explicit SumReader(std::string_view text) : left_(text) {}

  std::optional<long double> read() {
    const long double value = sum();
    skip_blanks();
    if (failed_ || !left_.empty() || !std::isfinite(value)) return std::nullopt;
    return value;
  }

 private:
  void skip_blanks() {
    while (!left_.empty() && (left_.front() == ' ' || left_.front() == '\t')) left_.remove_prefix(1);
  }

  bool take(std::string_view word) {
    skip_blanks();
    if (!left_.starts_with(word)) return false;
    left_.remove_prefix(word.size());
    return true;
  }

  long double sum() {
    long double value = product();
    while (!failed_) {
      if (take("+"))
        value += product();
      else if (take("-") || take("\u2212"))
        value -= product();
      else
        break;
    }
    return value;
  }

  long double product() {
    long double value = signed_power();
    while (!failed_) {
      if (take("*") || take("\u00d7"))
        value *= signed_power();
      else if (take("/") || take("\u00f7"))
        value /= signed_power();
      else if (take("%"))
        value = std::fmod(value, signed_power());
      else
        break;
    }
    return value;
  }

  long double signed_power() {
    bool negative = false;
    while (true) {
      if (take("-") || take("\u2212"))
        negative = !negative;
      else if (!take("+"))
        break;
    }
    const long double value = power();
    return negative ? -value : value;
  }

  long double power() {
    const long double base = number();
    if (!take("^")) return base;
    const Deeper deeper(*this);
    return std::pow(base, failed_ ? 0 : signed_power());
  }

  long double number() {
    if (take("(")) {
      const Deeper deeper(*this);
      const long double value = failed_ ? 0 : sum();
      failed_ |= !take(")");
      return value;
    }
    skip_blanks();
    std::string digits;
    const auto take_digits = [&] {
      const std::size_t before = digits.size();
      for (; !left_.empty() && left_.front() >= '0' && left_.front() <= '9'; left_.remove_prefix(1))
        digits += left_.front();
      return digits.size() - before;
    };
    std::size_t count = take_digits();
    if (!left_.empty() && (left_.front() == '.' || left_.front() == ',')) {
      left_.remove_prefix(1);
      digits += '.';
      count += take_digits();
    }
    failed_ |= count == 0;
    take_exponent(digits, take_digits);
    return failed_ ? 0 : std::stold(digits);
  }

  /// "e-4" after a number.
  template <class TakeDigits>
  void take_exponent(std::string& digits, const TakeDigits& take_digits) {
    if (left_.empty() || (left_.front() != 'e' && left_.front() != 'E')) return;
    left_.remove_prefix(1);
    digits += 'e';
    if (!left_.empty() && (left_.front() == '-' || left_.front() == '+')) {
      digits += left_.front();
      left_.remove_prefix(1);
    }
    const std::size_t count = take_digits();
    failed_ |= count == 0 || count > 3;
  }

  /// Nobody types this many brackets; what is pasted shall not exhaust the stack.
  struct Deeper {
    explicit Deeper(SumReader& reader) : reader(reader) { reader.failed_ |= ++reader.depth_ > 50; }
    ~Deeper() { --reader.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    SumReader& reader;
  };

  std::string_view left_;
  bool failed_ = false;
  int depth_ = 0;
};

}  // namespace

std::optional<long double> value_of_sum(std::string_view text) { return SumReader(text).read(); }

}  // namespace weft::editor
