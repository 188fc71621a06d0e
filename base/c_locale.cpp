#include "base/c_locale.h"

namespace weft {
namespace {

locale_t c_locale() {
  static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
  return locale;
}

}  // namespace

CLocale::CLocale() : before_(uselocale(c_locale())) {}

CLocale::~CLocale() { uselocale(before_); }

}  // namespace weft
