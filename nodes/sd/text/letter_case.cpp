#include "nodes/sd/text/letter_case.h"

#include <utf8proc.h>

#include "nodes/sd/text/code_points.h"

namespace weft::sd {
namespace {

bool is_cased(std::int32_t point) {
  const auto category = utf8proc_category(point);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT;
}

/// The one letter of Western languages whose capital is two.
constexpr std::int32_t kSharpS = 0xDF;

void append_upper(std::string& text, std::int32_t point) {
  if (point == kSharpS)
    text += "SS";
  else
    append_utf8(text, utf8proc_toupper(point));
}

void append_title(std::string& text, std::int32_t point) {
  if (point == kSharpS)
    text += "Ss";
  else
    append_utf8(text, utf8proc_totitle(point));
}

/// A sigma that ends a word has a form of its own.
std::int32_t lower(const CodePoints& points, std::size_t at) {
  constexpr std::int32_t kSigma = 0x3A3, kFinalSigma = 0x3C2;
  const bool ends = points[at] == kSigma && at > 0 && is_cased(points[at - 1]) &&
      (at + 1 == points.size() || !is_cased(points[at + 1]));
  return ends ? kFinalSigma : utf8proc_tolower(points[at]);
}

}  // namespace

std::string in_case(std::string_view text, LetterCase letters) {
  const CodePoints points = decode_utf8(text);
  std::string result;
  bool in_word = false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool first = letters == LetterCase::Sentence ? i == 0 : letters == LetterCase::Title && !in_word;
    if (letters == LetterCase::Upper)
      append_upper(result, points[i]);
    else if (first)
      append_title(result, points[i]);
    else
      append_utf8(result, lower(points, i));
    in_word = is_cased(points[i]);
  }
  return result;
}

bool is_white(std::int32_t point) {
  if ((point >= 9 && point <= 13) || (point >= 0x1C && point <= 0x1F) || point == 0x85) return true;
  const auto category = utf8proc_category(point);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

}  // namespace weft::sd
