#include "nodes/sd/sampling/restart.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <stdexcept>

#include "nodes/sd/sampling/own_schedules.h"

namespace weft::sd {
namespace {

constexpr std::string_view kDefault = "[3,2,0.06,0.30],[3,1,0.30,0.59]";
constexpr auto kSchedules =
    std::to_array<std::string_view>({"karras", "exponential", "normal", "sgm_uniform", "simple"});
constexpr std::uint64_t kRestartSeed = 0x52657374617274;  // apart from the seeds of steps

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument(fmt::format(
      "\"{}\" is no list of restarts: write default, a1111 or [levels, times, min, max], as {}", text, kDefault));
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n\"'");
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t\n\"'") - first + 1);
}

double number(std::string_view text, std::string_view whole) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) refuse(whole);
  return value;
}

/// A level, a timestep or a percentage as a level.
double level(std::string_view text, const NoiseTable& table, std::string_view whole) {
  if (text.ends_with('%')) {
    const double percent = number(text.substr(0, text.size() - 1), whole);
    if (percent < 0 || percent > 100) refuse(whole);
    return table.percent_to_sigma(1 - percent / 100);
  }
  const double value = number(text, whole);
  if (value < -1000) refuse(whole);
  return value >= 0 ? value : table.sigma(static_cast<float>(std::floor(-value)));
}

std::size_t nearest(std::span<const float> sigmas, double sigma) {
  const auto off = [&](float level) { return std::abs(double{level} - sigma); };
  return static_cast<std::size_t>(std::ranges::min_element(sigmas, {}, off) - sigmas.begin());
}

/// webui's restarts: from 0.1 to about 2, once or twice, with more than 19 steps.
std::vector<RestartSegment> webui_segments(std::span<const float> sigmas) {
  const std::int64_t steps = std::ssize(sigmas) - 1;
  if (steps < 20) return {};
  const double max = sigmas[nearest(sigmas, 2)];
  return {steps < 36 ? RestartSegment{10, 1, 0.1, max} : RestartSegment{steps / 4 + 1, 2, 0.1, max}};
}

/// Timesteps at equal distances from one level to another: `count` of them, or the first of `count` + 1.
std::vector<float> even_timesteps(const NoiseTable& table, std::int64_t count, SigmaRange range, bool without_last) {
  const float from = table.timestep(static_cast<float>(range.max)), to = table.timestep(static_cast<float>(range.min));
  std::vector<float> sigmas;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto share =
        static_cast<float>(i) / static_cast<float>(std::max<std::int64_t>(without_last ? count : count - 1, 1));
    sigmas.push_back(table.sigma(from + (to - from) * share));
  }
  return sigmas;
}

std::vector<float> simple_levels(const NoiseTable& table, std::int64_t count, SigmaRange range) {
  const auto sigmas = table.sigmas();
  const std::size_t low = nearest(sigmas, range.min), high = nearest(sigmas, range.max);
  const double stride = static_cast<double>(high - low) / static_cast<double>(count);
  std::vector<float> levels{static_cast<float>(range.max)};
  for (std::int64_t i = 1; i < count - 1; ++i)
    levels.push_back(sigmas[high - std::min(high, 1 + static_cast<std::size_t>(static_cast<double>(i) * stride))]);
  levels.push_back(static_cast<float>(range.min));
  return levels;
}

/// `count` levels from range.max down, not all the way where the schedule does not.
std::vector<float> levels_between(
    const NoiseTable& table, std::string_view schedule, std::int64_t count, SigmaRange range) {
  const auto without_zero = [](std::vector<float> sigmas) {
    sigmas.pop_back();
    return sigmas;
  };
  if (schedule == "karras") return without_zero(karras_sigmas(range, count, 7));
  if (schedule == "exponential") return without_zero(polyexponential_sigmas(range, count, 1));
  if (schedule == "normal") return even_timesteps(table, count, range, false);
  if (schedule == "sgm_uniform") return even_timesteps(table, count, range, true);
  if (schedule == "simple") return simple_levels(table, count, range);
  throw std::invalid_argument(
      fmt::format("there is no schedule of restarts \"{}\": choose one of {}", schedule, fmt::join(kSchedules, ", ")));
}

}  // namespace

std::vector<RestartSegment> parse_restart_segments(
    std::string_view text, const NoiseTable& table, std::span<const float> sigmas) {
  std::vector<RestartSegment> segments;
  const std::string_view whole = text;
  for (text = trimmed(text); !text.empty();) {
    const std::size_t end = text.front() == '[' ? text.find(']') : text.find(',');
    std::string_view item = trimmed(text.substr(0, end));
    if (text.front() == '[') {
      if (end == text.npos) refuse(whole);
      std::vector<std::string_view> fields;
      for (item = item.substr(1); !item.empty();) {
        const std::size_t comma = item.find(',');
        fields.push_back(trimmed(item.substr(0, comma)));
        item = comma == item.npos ? "" : item.substr(comma + 1);
      }
      if (fields.size() != 4) refuse(whole);
      const RestartSegment segment{.levels = std::llround(std::clamp(number(fields[0], whole), 0.0, 1e4)),
          .times = std::llround(std::clamp(number(fields[1], whole), 0.0, 1e4)),
          .min = level(fields[2], table, whole),
          .max = level(fields[3], table, whole)};
      segments.push_back(segment);
      text = trimmed(text.substr(end + 1));
    } else {
      std::vector<RestartSegment> named;
      if (item == "default") {
        named = parse_restart_segments(kDefault, table, sigmas);
      } else if (item == "a1111") {
        named = webui_segments(sigmas);
      } else {
        refuse(whole);
      }
      segments.insert(segments.end(), named.begin(), named.end());
      text = end == text.npos ? "" : text.substr(end);
    }
    if (text.starts_with(',')) text = trimmed(text.substr(1));
  }
  return segments;
}

std::span<const std::string_view> restart_schedules() { return kSchedules; }

RestartPlan plan_restarts(const NoiseTable& table, const std::vector<float>& sigmas,
    std::span<const RestartSegment> segments, std::string_view schedule) {
  RestartPlan plan;
  std::map<std::size_t, RestartSegment> at;  // by the place of the level that each begins at
  for (const RestartSegment& segment : segments) {
    const std::size_t place = sigmas.empty() ? 0 : nearest(sigmas, segment.min);
    std::string why;
    if (place == 0)
      why = "its lower end is where sampling begins";
    else if (double{sigmas[place]} >= segment.max)
      why = "its upper end is not above the level it begins at";
    else if (segment.max <= table.sigma_min())
      why = "its upper end is below the model's lowest level";
    else if (segment.levels < 2 || segment.times < 1)
      why = "it has no steps";
    else if (!at.emplace(place, segment).second)
      why = "another begins at the same level";
    if (!why.empty())
      plan.left_out.push_back(fmt::format("the restart from {} to {} is left out: {}", segment.min, segment.max, why));
  }
  for (std::size_t i = 0; i < sigmas.size(); ++i) {
    plan.sigmas.push_back(sigmas[i]);
    const auto found = at.find(i);
    if (found == at.end()) continue;
    const RestartSegment& segment = found->second;
    const double low = std::max(table.sigma_min(), sigmas[i]);
    std::vector<float> levels = levels_between(table, schedule, segment.levels, {.max = segment.max, .min = low});
    if (sigmas[i] == 0) {
      levels.push_back(0);
    } else {
      levels.back() = sigmas[i];
    }
    for (std::int64_t k = 0; k < segment.times; ++k)
      plan.sigmas.insert(plan.sigmas.end(), levels.begin(), levels.end());
  }
  return plan;
}

at::Tensor restart(const SamplerCall& call, const SamplerMethod& sampler, bool stepwise) {
  StepNoise noise(call.x, call.seed + kRestartSeed, call.batch_noise, call.places);
  at::Tensor x = call.x;
  const std::vector<float>& sigmas = call.sigmas;
  std::int64_t steps = 0, done = 0;
  for (std::size_t i = 0; i + 1 < sigmas.size(); ++i) steps += sigmas[i + 1] <= sigmas[i] ? 1 : 0;
  std::uint64_t part = 0;
  for (std::size_t first = 0; first < sigmas.size();) {
    if (first > 0) {
      const float low = sigmas[first - 1], high = sigmas[first];
      x = x + noise() * std::sqrt(high * high - low * low);
    }
    std::size_t last = first;
    while (last + 1 < sigmas.size() && sigmas[last + 1] <= sigmas[last]) ++last;
    for (std::size_t from = first; from < last;) {
      const std::size_t to = stepwise ? from + 1 : last;
      SamplerCall inner = call;
      inner.x = x;
      inner.sigmas.assign(
          sigmas.begin() + static_cast<std::ptrdiff_t>(from), sigmas.begin() + static_cast<std::ptrdiff_t>(to) + 1);
      inner.seed = call.seed + part++;
      if (call.on_step)
        inner.on_step = [&](const SamplerStep& step) {
          call.on_step({std::min(done + step.index, steps - 1), steps, step.sigma, step.x, step.x0});
        };
      x = sampler.run(inner);
      done += static_cast<std::int64_t>(to - from);
      from = to;
    }
    first = last + 1;
  }
  return x;
}

}  // namespace weft::sd
