// Lists of noise levels, cut and changed: the plain functions behind the nodes in nodes/sampler/sigmas.cpp. [any thread]
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::sd {

using SigmaList = std::vector<float>;

/// The first `step` steps, and the rest. The level between them is in both. Either may be empty of steps.
std::pair<SigmaList, SigmaList> split_sigmas(const SigmaList& sigmas, std::int64_t step);
/// The rest being the last `denoise` part of the steps, rounded. With none left the first is empty and the rest one level, as
/// in ComfyUI.
std::pair<SigmaList, SigmaList> split_sigmas_denoise(const SigmaList& sigmas, double denoise);
/// Backwards, from noise to more noise; a first level of 0 becomes 0.0001.
SigmaList flip_sigmas(SigmaList sigmas);
/// An empty list stays empty.
SigmaList set_first_sigma(SigmaList sigmas, double sigma);

/// How levels are spread between two others.
enum class Spacing {
  Linear,
  Cosine,  ///< quarter of a sine: large steps first
  Sine,  ///< quarter of a cosine, upside down: small steps first
};
/// Every step that begins between `from` and `to` (from >= to) as `steps` of them.
SigmaList extend_sigmas(const SigmaList& sigmas, std::int64_t steps, double from, double to, Spacing spacing);

/// All numbers in a text, whatever stands between them. Empty where there are none.
SigmaList parse_sigmas(std::string_view text);

}  // namespace weft::sd
