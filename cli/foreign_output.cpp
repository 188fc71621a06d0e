#include "cli/foreign_output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "cli/output.h"

namespace weft::cli {

namespace {

/// A line that never ends is told in pieces.
constexpr std::size_t kLongestPiece = 4000;
/// Of the pipe at a time, more than it holds: a child that writes without end keeps nobody waiting.
constexpr int kMostParts = 16;

}  // namespace

ForeignOutput::ForeignOutput(const RunningNodes& nodes, Deliver deliver)
    : nodes_(nodes), deliver_(std::move(deliver)), cookies_{{{this, Stream::Out}, {this, Stream::Err}}} {
  std::fflush(stdout);
  take_descriptors();
  replace_c_stream(Stream::Out);
  replace_c_stream(Stream::Err);
  std::cout.rdbuf(&out_);
  std::cerr.rdbuf(&err_);
  std::clog.rdbuf(&err_);
}

void ForeignOutput::take_descriptors() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return;
  const OwnStreams own{fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)};
  if (own.results < 0 || own.messages < 0) return;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  pipe_ = ends[0];
  set_own_streams(own);
  dup2(ends[1], STDOUT_FILENO);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  std::thread([this] { read_pipe(); }).detach();
}

/// glibc's stdout and stderr are variables that may be set, and all that prints reads them.
void ForeignOutput::replace_c_stream(Stream stream) {
  cookie_write_function_t* const write = [](void* cookie, const char* text, std::size_t size) {
    const auto [owner, which] = *static_cast<std::pair<ForeignOutput*, Stream>*>(cookie);
    owner->take(which, {text, size});
    return static_cast<ssize_t>(size);
  };
  const bool out = stream == Stream::Out;
  FILE* file = fopencookie(&cookies_[out ? 0 : 1], "w", {.write = write});
  if (!file) return;
  std::setvbuf(file, nullptr, _IONBF, 0);
  (out ? stdout : stderr) = file;
}

std::streamsize ForeignOutput::Buffer::xsputn(const char* text, std::streamsize size) {
  owner_.take(stream_, {text, static_cast<std::size_t>(size)});
  return size;
}

ForeignOutput::Buffer::int_type ForeignOutput::Buffer::overflow(int_type character) {
  const char c = traits_type::to_char_type(character);
  if (!traits_type::eq_int_type(character, traits_type::eof())) owner_.take(stream_, {&c, 1});
  return traits_type::not_eof(character);
}

void ForeignOutput::read_pipe() {
  for (;;) {
    pollfd until{.fd = pipe_, .events = POLLIN, .revents = 0};
    poll(&until, 1, -1);
    const std::scoped_lock lock(mutex_);
    drain();
  }
}

void ForeignOutput::drain() {
  std::array<char, 1 << 14> part;
  ssize_t size = 1;
  for (int i = 0; i < kMostParts && pipe_ >= 0 && size > 0; ++i) {
    size = read(pipe_, part.data(), part.size());
    if (size > 0) append(Stream::Descriptors, {part.data(), static_cast<std::size_t>(size)});
  }
}

/// Called from C code, which no exception may pass.
void ForeignOutput::take(Stream stream, std::string_view text) noexcept {
  try {
    const std::scoped_lock lock(mutex_);
    append(stream, text);
  } catch (const std::exception&) {
    return;  // no memory for a line that nobody misses
  }
}

void ForeignOutput::append(Stream stream, std::string_view text) {
  const bool known = stream != Stream::Descriptors;  // which thread writes
  const RunningNode here = known ? RunningNodes::here() : RunningNode{};
  const std::optional<RunningNode> node = here.id ? here : nodes_.only();
  Unfinished& line = unfinished_[{known ? std::this_thread::get_id() : std::thread::id(), stream}];
  while (!text.empty()) {
    if (line.text.empty() && node) line.node = *node->id;
    const std::size_t end = text.find('\n');
    const std::size_t room = kLongestPiece - line.text.size();
    const std::size_t size = std::min({end, room, text.size()});
    line.text += text.substr(0, size);
    text.remove_prefix(size == end ? size + 1 : size);
    if (size == end || line.text.size() == kLongestPiece) end_line(line);
  }
}

void ForeignOutput::end_line(Unfinished& line) {
  if (!line.text.empty() && !stopped_) deliver_(line.node, line.text);
  line = {};
}

void ForeignOutput::flush_lines() {
  drain();
  for (auto& [writer, line] : unfinished_) end_line(line);
}

void ForeignOutput::settle() {
  const std::scoped_lock lock(mutex_);
  drain();
  for (const Stream stream : {Stream::Out, Stream::Err})
    if (const auto line = unfinished_.find({std::this_thread::get_id(), stream}); line != unfinished_.end())
      end_line(line->second);
}

void ForeignOutput::flush() {
  const std::scoped_lock lock(mutex_);
  flush_lines();
}

void ForeignOutput::stop() {
  const std::scoped_lock lock(mutex_);
  flush_lines();
  stopped_ = true;
}

}  // namespace weft::cli
