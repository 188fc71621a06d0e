#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.h"
#include "cli/command.h"

namespace weft::cli {

namespace {

/// What a run has to end in order after the first signal; then it is ended as by a second one. To end a process of some
/// gigabytes takes the system about as long again.
constexpr timespec kGrace{.tv_sec = 0, .tv_nsec = 500'000'000};

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  try {
    watcher_ = std::thread([this] { watch(); });
  } catch (const std::system_error& error) {
    throw NodeError(std::string("no thread can be started (") + error.what() + ")",
        "raise the limit of memory or of processes (ulimit -v, ulimit -u)");
  }
}

Interrupt::~Interrupt() {
  done_ = true;
  pthread_kill(watcher_.native_handle(), SIGTERM);  // to that thread alone: wakes it
  watcher_.join();
}

void Interrupt::watch() {
  const sigset_t set = watched_signals();
  int signal = 0;
  if (sigwait(&set, &signal) != 0 || done_) return;
  stop_.request_stop();
  // One operation of a network, or a plugin that does not listen, may take minutes.
  while (sigtimedwait(&set, nullptr, &kGrace) < 0 && errno == EINTR) {
  }
  if (!done_) _exit(static_cast<int>(Exit::Cancelled));
}

}  // namespace weft::cli
