#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "cli/command.h"

namespace weft::cli {

namespace {

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
  watcher_ = std::thread([this] { watch(); });
}

Interrupt::~Interrupt() {
  done_ = true;
  pthread_kill(watcher_.native_handle(), SIGTERM);  // to that thread alone: wakes it from sigwait
  watcher_.join();
}

void Interrupt::watch() {
  const sigset_t set = watched_signals();
  for (int signal = 0; sigwait(&set, &signal) == 0 && !done_;)
    if (!stop_.request_stop()) _exit(static_cast<int>(Exit::Cancelled));
}

}  // namespace weft::cli
