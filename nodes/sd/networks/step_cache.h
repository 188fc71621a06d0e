// Caches from one step of sampling to the next: patches that leave out what changes little. Each is for one sampling, and
// belongs into Patch::begin.
#pragma once

#include <cstdint>

#include "nodes/sd/networks/patch.h"

namespace weft::sd {

/// When a cache may be used: for sigmas below `start` and above `end`.
struct CacheRange {
  double start = 1e9, end = 0;
};

/// DeepCache (Ma et al. 2023, arXiv:2312.00858): the whole U-Net is asked at every `interval`-th step of the range. At the others
/// only what lies above is, and what meets the skip of step `branch` down is that of the last whole step.
Patch deep_cache(std::int64_t interval, std::int64_t branch, const CacheRange& range);

/// EasyCache (Zhou et al. 2025, arXiv:2507.02860): as long as the output is estimated, from how the input changes, to have
/// changed by less than `threshold` since the last whole step, the U-Net is not asked: its input and the difference that it
/// made then are its output.
Patch easy_cache(double threshold, const CacheRange& range);

/// The same with the whole step, guidance included (ComfyUI's LazyCache).
Patch lazy_cache(double threshold, const CacheRange& range);

}  // namespace weft::sd
