#include "cli/crash_report.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>

#include "cli/command.h"
#include "cli/output.h"

namespace weft::cli {

namespace {

constexpr std::array kFatal = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr int kExit = 0;  // in the place of a signal: exit() was called

/// What the thread that fell says to the one that tells.
struct Fall {
  int signal;
  RunningNode node;
};

// A signal handler knows nothing but what is global.
std::array<int, 2> g_pipe = {-1, -1};
std::atomic_flag g_falling;
pid_t g_process = 0;  // a child that a plugin forked falls by itself
thread_local bool t_tells = false;

[[noreturn]] void end_without_words() {
  constexpr std::string_view text = "weft: a node brought the program down, and nothing more could be said of it\n";
  if (write(own_streams().messages, text.data(), text.size()) < 0) _exit(static_cast<int>(Exit::Failed));
  _exit(static_cast<int>(Exit::Failed));
}

/// Async-signal-safe. Does not return.
[[noreturn]] void fall(int signal) {
  if (t_tells) end_without_words();
  if (g_falling.test_and_set())
    for (;;) pause();  // another thread was first
  const Fall said{signal, RunningNodes::here()};
  if (write(g_pipe[1], &said, sizeof said) == sizeof said) sleep(5);  // the process ends meanwhile
  end_without_words();
}

void on_signal(int signal) {
  if (getpid() == g_process) fall(signal);
  ::signal(signal, SIG_DFL);
  raise(signal);  // once this handler has returned
}

void on_exit() {
  if (getpid() == g_process) fall(kExit);
}

/// Of a thread, for handlers that run when its own stack is used up.
class AlternateStack {
 public:
  AlternateStack() {
    memory_ = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) return;
    const stack_t stack{.ss_sp = memory_, .ss_flags = 0, .ss_size = kSize};
    sigaltstack(&stack, nullptr);
  }
  ~AlternateStack() {
    if (memory_ == MAP_FAILED) return;
    const stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    sigaltstack(&none, nullptr);
    munmap(memory_, kSize);
  }
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

 private:
  static constexpr std::size_t kSize = 1 << 16;
  void* memory_ = MAP_FAILED;
};

std::string how(int signal) {
  return signal == kExit ? "ended the program (exit)" : fmt::format("crashed ({})", strsignal(signal));
}

}  // namespace

CrashReport::CrashReport(Tell tell) : tell_(std::move(tell)) {
  if (pipe2(g_pipe.data(), O_CLOEXEC) != 0) return;
  g_process = getpid();
  std::thread([this] { wait(); }).detach();
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (const int signal : kFatal) sigaction(signal, &action, nullptr);
}

void CrashReport::stop() {
  t_tells = true;
  g_falling.test_and_set();
}

void CrashReport::watch_thread() {
  static std::once_flag once;
  // As late as can be: the last to be registered is the first to be called.
  std::call_once(once, [] {
    std::atexit(on_exit);
    std::at_quick_exit(on_exit);
  });
  thread_local const AlternateStack stack;
}

void CrashReport::wait() {
  t_tells = true;
  Fall said{};
  while (read(g_pipe[0], &said, sizeof said) != sizeof said) {
  }
  int code = static_cast<int>(Exit::Failed);
  try {
    code = tell_(how(said.signal), said.node);
  } catch (const std::exception&) {
    end_without_words();
  }
  _exit(code);
}

}  // namespace weft::cli
