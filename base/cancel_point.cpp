#include "base/cancel_point.h"

#include <utility>

namespace weft {
namespace {

thread_local CancelCheck* innermost = nullptr;

}  // namespace

void cancel_point() {
  if (innermost) innermost->check_cancel();
}

CancelScope::CancelScope(CancelCheck* check) : outer_(std::exchange(innermost, check)) {}
CancelScope::~CancelScope() { innermost = outer_; }

}  // namespace weft
