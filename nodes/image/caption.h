// Text on pictures, through OpenImageIO. Chinese, Japanese and Korean are written where the system has a font for them.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace weft::image {

enum class AlignX : std::uint8_t { Left, Centre, Right };

/// Writes a line of text onto a picture [height, width, 3], float32 and contiguous, in place. (x, y): the left end (or
/// the centre, or the right end) of the line's upper edge. `size`: height of the letters in pixels. `colour` [3]. Throws
/// NodeError if the system has no font.
void draw_text(torch::Tensor& picture, const std::string& text, std::int64_t x, std::int64_t y, std::int64_t size,
    const torch::Tensor& colour, AlignX align = AlignX::Left);

/// How many pixels wide the text is.
std::int64_t text_width(const std::string& text, std::int64_t size);

/// The lines of a text, without their ends.
std::vector<std::string> lines_of(const std::string& text);

/// The text in lines that are no wider than `width`, broken between words and, where one alone is too wide, inside; what
/// does not fit into `most` lines gives way to an ellipsis. No line for an empty text.
std::vector<std::string> wrapped(const std::string& text, std::int64_t width, std::int64_t size, std::size_t most);

/// The height of a line of text with its distance to the next.
constexpr std::int64_t line_height(std::int64_t size) { return size * 3 / 2; }

}  // namespace weft::image
