// What is written to a terminal: its width, text that cannot harm it, sizes and times for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft::cli {

/// Columns of the terminal on stderr; 80 if it does not say.
int terminal_width();

/// The text on one line: line breaks and tabs become spaces, what could steer a terminal '?'.
std::string one_line(std::string_view text);

/// The same, cut where it is longer than anybody reads: an id of a foreign file may have megabytes.
std::string message_line(std::string_view text);

/// At most `width` characters (UTF-8 code points) of `text`.
std::string cut_to_width(std::string_view text, int width);

/// The same, with " ..." where something was cut off.
std::string shortened(std::string_view text, int characters);

/// "18.2 MB"
std::string size_text(std::uint64_t bytes);

/// "0.3 ms", "0.42 s", "12.3 s", "2 min 05 s"
std::string time_text(std::chrono::nanoseconds time);

}  // namespace weft::cli
