#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "cli/output.h"

namespace weft::cli {

int terminal_width() {
  winsize size{};
  return ioctl(own_streams().messages, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  return printable(line);
}

std::string message_line(std::string_view text) {
  constexpr int kLongest = 5000;
  return shortened(one_line(text), kLongest);
}

std::string shortened(std::string_view text, int characters) {
  const std::string kept = cut_to_width(text, characters);
  return kept.size() < text.size() ? kept + " ..." : kept;
}

std::string cut_to_width(std::string_view text, int width) {
  int characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool continues = (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
    if (!continues && ++characters > width) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1000 && unit + 1 < kUnits.size()) {
    size /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", size, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string time_text(std::chrono::nanoseconds time) {
  const double seconds = std::chrono::duration<double>(time).count();
  if (seconds < 0.01) return fmt::format("{:.1f} ms", seconds * 1000);
  if (seconds >= 60)
    return fmt::format("{} min {:02} s", static_cast<long>(seconds) / 60, static_cast<long>(seconds) % 60);
  return fmt::format("{:.{}f} s", seconds, seconds < 10 ? 2 : 1);
}

}  // namespace weft::cli
