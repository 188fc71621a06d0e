#include "nodes/sd/sampling/sigma_lists.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <numbers>

#include "nodes/sd/sampling/scalar_math.h"

namespace weft::sd {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::pair<SigmaList, SigmaList> split_sigmas(const SigmaList& sigmas, std::int64_t step) {
  const auto size = std::ssize(sigmas), cut = std::clamp<std::int64_t>(step, 0, size);
  return {{sigmas.begin(), sigmas.begin() + std::min(cut + 1, size)}, {sigmas.begin() + cut, sigmas.end()}};
}

std::pair<SigmaList, SigmaList> split_sigmas_denoise(const SigmaList& sigmas, double denoise) {
  if (sigmas.empty()) return {};
  const auto last = static_cast<std::int64_t>(std::ssize(sigmas)) - 1;
  const std::int64_t left = std::lrint(static_cast<double>(last) * denoise);
  SigmaList rest(sigmas.end() - (left + 1), sigmas.end());
  if (left == 0) return {{}, std::move(rest)};
  return {{sigmas.begin(), sigmas.end() - left}, std::move(rest)};
}

SigmaList flip_sigmas(SigmaList sigmas) {
  std::ranges::reverse(sigmas);
  if (!sigmas.empty() && sigmas.front() == 0) sigmas.front() = 0.0001f;
  return sigmas;
}

SigmaList set_first_sigma(SigmaList sigmas, double sigma) {
  if (!sigmas.empty()) sigmas.front() = static_cast<float>(sigma);
  return sigmas;
}

SigmaList extend_sigmas(const SigmaList& sigmas, std::int64_t steps, double from, double to, Spacing spacing) {
  constexpr double kQuarter = std::numbers::pi / 2;
  std::vector<float> shares = scalar::linspace(0.0f, 1.0f, steps + 1);
  for (float& share : shares) {
    if (spacing == Spacing::Cosine) share = static_cast<float>(std::sin(share * kQuarter));
    if (spacing == Spacing::Sine) share = static_cast<float>(1 - std::cos(share * kQuarter));
  }
  SigmaList extended;
  for (std::size_t i = 0; i + 1 < sigmas.size(); ++i) {
    extended.push_back(sigmas[i]);
    if (sigmas[i] > from || sigmas[i] < to) continue;
    for (std::size_t k = 1; k + 1 < shares.size(); ++k)
      extended.push_back(shares[k] * (sigmas[i + 1] - sigmas[i]) + sigmas[i]);
  }
  if (!sigmas.empty()) extended.push_back(sigmas.back());
  return extended;
}

SigmaList parse_sigmas(std::string_view text) {
  SigmaList sigmas;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    if (text[end] == '-' || text[end] == '+') ++end;
    const std::size_t first = end;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) {
      ++end;
      while (end < text.size() && is_digit(text[end])) ++end;
    }
    if (end == first) {
      ++i;
      continue;
    }
    float number = 0;
    std::from_chars(text.data() + (text[i] == '+' ? first : i), text.data() + end, number);
    sigmas.push_back(number);
    i = end;
  }
  return sigmas;
}

}  // namespace weft::sd
