// ErrorText: what a DeviceRuntime may be as well, where its library's exceptions say more than a user wants
// to read. The executor asks it at the one place where a node's exception becomes a problem.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "base/error.h"

namespace weft {

class WEFT_EXPORT ErrorText {
 public:
  virtual ~ErrorText();
  /// The exception's message for users: no backtraces. [run-thread]
  virtual std::string text_of(const std::exception& error) const = 0;
  /// The exception as the engine knows it, if it says that memory ran out. [run-thread]
  virtual std::optional<OutOfMemory> shortage_in(const std::exception& error) const;
};

}  // namespace weft
