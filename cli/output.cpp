#include "cli/output.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>

#include "base/utf8.h"
#include "cli/terminal.h"

namespace weft::cli {

namespace {

std::atomic<int> g_results = STDOUT_FILENO, g_messages = STDERR_FILENO;
std::atomic<int> g_results_error = 0;

/// 0, or errno.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {  // somebody else has set the stream to that
      pollfd until{.fd = descriptor, .events = POLLOUT, .revents = 0};
      poll(&until, 1, -1);
      continue;
    }
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

void print_unchanged(std::string_view text) {
  if (g_results_error != 0) return;
  if (const int error = write_all(g_results, text)) g_results_error = error;
}

std::string json_text(const nlohmann::json& json, int indent) {
  return printable_json(json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace)) + '\n';
}

}  // namespace

void print(std::string_view results) { print_unchanged(printable_lines(results)); }

void print_json(const nlohmann::json& json, int indent) { print_unchanged(json_text(json, indent)); }

void say(std::string_view message) { draw("weft: " + message_line(message) + '\n'); }

void say_lines(std::string_view text) { draw(printable_lines(text)); }

void say_json(const nlohmann::json& line) { draw(json_text(line, -1)); }

void draw(std::string_view text) { write_all(g_messages, text); }

int results_error() { return g_results_error; }

OwnStreams own_streams() { return {g_results, g_messages}; }

void set_own_streams(OwnStreams streams) {
  g_results = streams.results;
  g_messages = streams.messages;
}

void prepare_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      if (open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;  // the lowest free number
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

}  // namespace weft::cli
