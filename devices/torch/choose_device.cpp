#include "devices/torch/choose_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace weft {
namespace {

// The oldest that the wheel of libtorch has code for: sm_75.
constexpr std::pair kOldestCapability{7, 5};

struct GpuSearch {
  std::optional<Device> device;
  std::string text;  ///< the GPU's name, or why there is none
};

bool is_usable(const Gpu& gpu) { return std::pair(gpu.major, gpu.minor) >= kOldestCapability; }

std::string too_old(const Gpu& gpu) {
  return fmt::format("{} has compute capability {}.{}, libtorch needs {}.{}", gpu.name, gpu.major, gpu.minor,
      kOldestCapability.first, kOldestCapability.second);
}

/// `index`: the GPU that must be taken; none: the first that can be.
GpuSearch find_gpu(std::optional<int> index, const GpuProbe& probe) {
  const DriverReport driver = probe.driver();
  if (!driver.problem.empty()) return {.text = driver.problem};
  const auto& gpus = driver.gpus;
  if (gpus.empty()) return {.text = "the NVIDIA driver shows no GPU"};
  if (index && *index >= static_cast<int>(gpus.size()))
    return {.text = fmt::format("the last GPU is cuda:{} ({})", gpus.size() - 1, gpus.back().name)};

  const auto found = index ? gpus.begin() + *index : std::ranges::find_if(gpus, is_usable);
  if (found == gpus.end() || !is_usable(*found)) return {.text = too_old(index ? *found : gpus.front())};
  if (const std::string problem = probe.open_torch_cuda(); !problem.empty())
    return {.text = fmt::format("{} is there, but {}", found->name, problem)};
  return {.device = Device{.kind = "cuda", .index = static_cast<int>(found - gpus.begin())}, .text = found->name};
}

/// N of "cuda:N".
std::optional<int> index_in(const std::string& wanted) {
  int index = -1;
  const char* end = wanted.data() + wanted.size();
  const auto [stop, error] = std::from_chars(wanted.data() + 5, end, index);
  if (error != std::errc() || stop != end || index < 0) return std::nullopt;
  return index;
}

}  // namespace

DeviceChoice choose_device(const std::string& wanted, const GpuProbe& probe) {
  if (wanted == "cpu") return {.device = Device{}, .reason = "as asked for"};
  if (wanted == "auto") {
    GpuSearch search = find_gpu(std::nullopt, probe);
    return {.device = search.device.value_or(Device{}), .reason = std::move(search.text)};
  }
  const std::optional<int> index = wanted.starts_with("cuda:") ? index_in(wanted) : std::nullopt;
  if (wanted != "cuda" && !index)
    return {.reason = fmt::format("'{}' is not a device: give auto, cpu, cuda, or cuda:N with N from 0", wanted)};

  GpuSearch search = find_gpu(index, probe);
  if (!search.device) return {.reason = search.text + " (--device cpu runs without)"};
  return {.device = std::move(search.device), .reason = std::move(search.text)};
}

}  // namespace weft
