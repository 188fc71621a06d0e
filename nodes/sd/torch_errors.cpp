#include "nodes/sd/torch_errors.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace weft::sd {
namespace {

constexpr auto kNotFound = std::string_view::npos;

/// The size that follows `words`, as in "Tried to allocate 20.00 GiB" or "tried to allocate 1024 bytes"; 0 if
/// there is none.
std::uint64_t bytes_after(std::string_view message, std::string_view words) {
  const auto at = message.find(words);
  if (at == kNotFound) return 0;
  const std::string rest(message.substr(at + words.size(), 40));
  char* unit = nullptr;
  const double number = std::strtod(rest.c_str(), &unit);
  while (*unit == ' ') ++unit;
  switch (*unit) {
    case 'K':
      return static_cast<std::uint64_t>(number * 0x1p10);
    case 'M':
      return static_cast<std::uint64_t>(number * 0x1p20);
    case 'G':
      return static_cast<std::uint64_t>(number * 0x1p30);
    default:
      return static_cast<std::uint64_t>(number);
  }
}

std::string gpu_in(std::string_view message) {
  const auto at = message.find("GPU ");
  const auto digit = at == kNotFound ? kNotFound : at + 4;
  const bool numbered = digit < message.size() && message[digit] >= '0' && message[digit] <= '9';
  return numbered ? "cuda:" + std::string(1, message[digit]) : "cuda";
}

}  // namespace

std::optional<MemoryShortage> memory_shortage_in(std::string_view message) {
  const auto says = [&](std::string_view words) { return message.find(words) != kNotFound; };
  if (says("DefaultCPUAllocator")) {
    return MemoryShortage{.device = "cpu", .wanted_bytes = bytes_after(message, "tried to allocate ")};
  }
  // cuBLAS, cuDNN and the driver take memory beside libtorch's allocator, and know no numbers.
  if (says("CUDA out of memory") || says("CUDA error: out of memory") || says("CUBLAS_STATUS_ALLOC_FAILED") ||
      says("CUDNN_STATUS_ALLOC_FAILED")) {
    return MemoryShortage{.device = gpu_in(message),
                          .wanted_bytes = bytes_after(message, "Tried to allocate "),
                          .free_bytes = bytes_after(message, " of which ")};
  }
  return std::nullopt;
}

}  // namespace weft::sd
