#include "devices/torch/memory_shortage.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <charconv>
#include <cstdint>
#include <string>

namespace weft {
namespace {

constexpr auto kNotFound = std::string_view::npos;

/// The size that follows `words`, as in "Tried to allocate 20.00 GiB" or "tried to allocate 1024 bytes"; 0 if
/// there is none.
std::uint64_t bytes_after(std::string_view message, std::string_view words) {
  const auto at = message.find(words);
  if (at == kNotFound) return 0;
  std::string_view rest = message.substr(at + words.size());
  double number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || number < 0) return 0;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  switch (rest.empty() ? '\0' : rest.front()) {
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

/// "GPU 1 has a total capacity ..."; where no GPU is named, it is the one that this thread works on.
std::string gpu_in(std::string_view message) {
  const auto at = message.find("GPU ");
  if (at != kNotFound && at + 4 < message.size() && message[at + 4] >= '0' && message[at + 4] <= '9')
    return "cuda:" + std::to_string(message[at + 4] - '0');
  const bool present = c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA);
  const int current = present ? c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).getDevice().index() : 0;
  return "cuda:" + std::to_string(current);
}

}  // namespace

std::optional<OutOfMemory> memory_shortage_in(std::string_view message) {
  const auto says = [&](std::string_view words) { return message.find(words) != kNotFound; };
  if (says("DefaultCPUAllocator"))
    return OutOfMemory("cpu", bytes_after(message, "tried to allocate "), bytes_after(message, " of which "));
  if (says("Storage size calculation overflowed")) return OutOfMemory("cpu", 0, 0);  // more than any machine has
  // cuBLAS, cuDNN and the driver take memory beside libtorch's allocator, and know no numbers.
  if (says("CUDA out of memory") || says("CUDA error: out of memory") || says("CUBLAS_STATUS_ALLOC_FAILED") ||
      says("CUDNN_STATUS_ALLOC_FAILED"))
    return OutOfMemory(gpu_in(message), bytes_after(message, "Tried to allocate "), bytes_after(message, " of which "));
  return std::nullopt;
}

}  // namespace weft
