// CrashReport: what a plugin's bug can do to the whole process - a segmentation fault, abort(), exit() - ends it in order:
// who it was is told, what others have made is kept, and the exit code is 1.
//
// The thread that fell only says so and waits; a thread of this object, whose memory is in order, tells and ends the
// process. If it cannot (the heap itself is broken), the handler says what is safe to say there and ends the process.
//
// Out of reach: _exit(), SIGKILL, and a stack that overflows on a thread that a plugin or library started itself.
#pragma once

#include <functional>
#include <string>

#include "cli/running_nodes.h"

namespace weft::cli {

class CrashReport {
 public:
  /// `how`: "crashed (Segmentation fault)", "ended the program (exit)". `node`: that of the thread that fell. Returns the
  /// exit code. On a thread of this object, while others may still run.
  using Tell = std::function<int(const std::string& how, const RunningNode& node)>;

  /// Begins. Lasts until the process ends: never destroyed. One a process. [main-thread]
  explicit CrashReport(Tell tell);
  ~CrashReport() = delete;
  CrashReport(const CrashReport&) = delete;

  /// What falls from now on is not told: all is said and done. [main-thread]
  void stop();

  /// Before the calling thread runs a node: gives it a stack for the case that its own overflows, and makes sure that
  /// exit() is noticed before libraries tidy up. Cheap when repeated.
  static void watch_thread();

 private:
  void wait();

  const Tell tell_;
};

}  // namespace weft::cli
