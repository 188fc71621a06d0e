// Prompts that change in the course of sampling, in the form that AUTOMATIC1111's web UI gives them: [from:to:when],
// [to:when], [from::when], and [a|b], which takes turns at each step. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::sd {

/// A text, and the last step (from 1) at which it is the prompt.
struct ScheduledText {
  std::int64_t last_step = 0;
  std::string text;
  bool operator==(const ScheduledText&) const = default;
};

/// The texts of a prompt for `steps` steps, at least one, rising; the last ends at `steps`. `when` is a share of them where
/// it has a decimal point, and else a number of steps. What is not of the form above is text; so is everything where '|', or
/// '\' at the end, stand outside. Brackets in more than 100 others are text.
std::vector<ScheduledText> prompt_schedule(std::string_view prompt, std::int64_t steps);

}  // namespace weft::sd
