// Interrupt: turns Ctrl-C (SIGINT) and SIGTERM into a stop request; the second one ends the process at once, and so does
// a run that does not come to its end by itself within a second. Files are published whole, so none is left half written.
//
// Make it before any other thread: it blocks the two signals, threads inherit that, and only its own thread
// takes them, where - unlike in a signal handler - everything may be called.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace weft::cli {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void watch();

  std::stop_source stop_;
  std::atomic<bool> done_ = false;
  std::thread watcher_;
};

}  // namespace weft::cli
