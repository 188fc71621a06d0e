// CLocale: while it lives, this thread reads and writes numbers as in the language C, whatever anybody has given to
// setlocale(). Plugins and their libraries may call that at any time ("0,5" in half of Europe), and it reaches every
// thread of a process but those that have a locale of their own.
//
// Programs hold one in main(), other threads from their start; the executor holds one around each node, so that what a
// node does to its thread's own locale ends with it. C++ streams take std::locale::global() instead: no number is read
// from one or written to one.
#pragma once

#include <locale.h>

#include "base/export.h"

namespace weft {

class WEFT_EXPORT CLocale {
 public:
  CLocale();
  ~CLocale();
  CLocale(const CLocale&) = delete;
  CLocale& operator=(const CLocale&) = delete;

 private:
  locale_t before_;
};

}  // namespace weft
