// BackgroundWriter: a thread that writes files, one task after another, so that nobody else waits for a disk: a window, or
// whoever holds a lock. Tasks run on [writer-thread]. What a task throws is kept as problem(). [any thread]
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/export.h"

namespace weft {

class WEFT_EXPORT BackgroundWriter {
 public:
  BackgroundWriter();
  /// Does what is left, then ends.
  ~BackgroundWriter();
  BackgroundWriter(const BackgroundWriter&) = delete;
  BackgroundWriter& operator=(const BackgroundWriter&) = delete;

  void add(std::function<void()> task);
  /// Waits until all tasks are done.
  void flush();
  bool idle() const;
  /// Why the last task failed; empty if it did not.
  std::string problem() const;

 private:
  void work();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool busy_ = false;
  bool stopping_ = false;
  std::string problem_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace weft
