// What `weft` itself writes: results to stdout, messages to stderr. Everything passes here, so that nothing of a foreign
// file, an argument or a manifest steers the terminal, and a stream that takes nothing - full, closed, a pipe that
// nobody reads - is an exit code and not the end of the program in its middle.
//
// State of the process, as the two streams are: a run that captures what libraries and plugins write (foreign_output.h)
// says here where the real ones are meanwhile. [any thread, except where it says otherwise]
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace weft::cli {

/// What could steer a terminal becomes '?' (see printable_lines()). Never throws, as all of these.
void print(std::string_view results);
/// Indented, the same on a terminal and in a pipe: what could steer a terminal is written as \u.
void print_json(const nlohmann::json& json, int indent = 2);

/// A line on stderr, "weft: MESSAGE", cut where it is longer than anybody reads.
void say(std::string_view message);
/// Text of several lines on stderr, as it is.
void say_lines(std::string_view text);
/// A JSON object as a line of stderr, in one piece.
void say_json(const nlohmann::json& line);
/// To stderr unchanged: for a bar that is redrawn.
void draw(std::string_view text);

/// errno of the first result that could not be written; 0 if all were.
int results_error();

/// The file descriptors of the real stdout and stderr.
struct OwnStreams {
  int results = 1;
  int messages = 2;
};
OwnStreams own_streams();
/// [main-thread]
void set_own_streams(OwnStreams streams);

/// Before anything is opened: a standard stream that is closed takes nothing and has its number, so that no file gets it;
/// writing to a pipe that nobody reads, or beyond a limit of file sizes, is an error and no signal. [main-thread]
void prepare_streams();

}  // namespace weft::cli
