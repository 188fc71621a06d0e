// Arithmetic in text, "min(a, b) * 2 + 1": the numbers, operators and functions of Python that ComfyUI's Math Expression knows,
// with Python's meaning (// and % round down, / gives a fraction, round() goes to the even neighbour). Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weft::value {

using Number = std::variant<bool, std::int64_t, double>;

double as_double(const Number& number);
bool as_bool(const Number& number);

/// Names stand for the variables; "values" is the list of them, for sum(), min(), max() and values[0]. Throws NodeError with the
/// column for what cannot be read, and with what is wrong for what cannot be computed: a division by 0, a whole number beyond
/// 64 bits, a result that is no finite number.
Number evaluated(std::string_view expression, const std::vector<std::pair<std::string, Number>>& variables);

}  // namespace weft::value
