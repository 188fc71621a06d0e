// ForeignOutput: takes what libraries, plugins and their child processes write to stdout and stderr, line by line, for the
// run's messages. So a plugin's printf is no result, and a library's warning is an event like others.
//
// Rationale. A library may write a line in two calls (libpng: the text, then the line break), and on two threads such
// lines fuse. So the C and C++ streams are replaced by ones that know which thread writes; what goes to the file
// descriptors without them - write(2), child processes - comes through a pipe.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <streambuf>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "cli/running_nodes.h"

namespace weft::cli {

class ForeignOutput {
 public:
  /// One call at a time, on the thread that wrote the line or on one of this object. `node` may be empty.
  using Deliver = std::function<void(const std::string& node, const std::string& line)>;

  /// Begins, and moves own_streams() away from what is taken. Lasts until the process ends, because there is no moment at
  /// which no thread of a plugin can be writing: never destroyed. `nodes` is borrowed. [main-thread]
  ForeignOutput(const RunningNodes& nodes, Deliver deliver);
  ~ForeignOutput() = delete;
  ForeignOutput(const ForeignOutput&) = delete;

  /// Delivers what the calling thread wrote, and what came through the pipe: while it is known whose it is.
  void settle();
  /// Delivers all that was written until now, also lines that have not ended. [any thread]
  void flush();
  /// The same; what comes later is dropped. [main-thread]
  void stop();

 private:
  enum class Stream { Out, Err, Descriptors };

  /// std::cout and std::cerr while this lives.
  class Buffer final : public std::streambuf {
   public:
    Buffer(ForeignOutput& owner, Stream stream) : owner_(owner), stream_(stream) {}

   private:
    std::streamsize xsputn(const char* text, std::streamsize size) override;
    int_type overflow(int_type character) override;

    ForeignOutput& owner_;
    const Stream stream_;
  };

  /// A line that has not ended, and the node that began it.
  struct Unfinished {
    std::string node, text;
  };

  void replace_c_stream(Stream stream);
  void take_descriptors();
  void read_pipe();
  void drain();
  void take(Stream stream, std::string_view text) noexcept;
  void append(Stream stream, std::string_view text);
  void end_line(Unfinished& line);
  void flush_lines();

  const RunningNodes& nodes_;
  const Deliver deliver_;
  std::mutex mutex_;
  std::map<std::pair<std::thread::id, Stream>, Unfinished> unfinished_;
  bool stopped_ = false;
  int pipe_ = -1;  // its end for reading
  std::array<std::pair<ForeignOutput*, Stream>, 2> cookies_;
  Buffer out_{*this, Stream::Out}, err_{*this, Stream::Err};
};

}  // namespace weft::cli
