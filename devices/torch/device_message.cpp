#include "devices/torch/device_message.h"

#include <fmt/format.h>

namespace weft {
namespace {

// What nodes/sd/tensors/precision.h decides, in words; a test holds the two together.
std::string dtype_text(const DeviceFacts& facts) {
  if (facts.dtype != "auto") return facts.dtype;
  if (!facts.device.is_cpu()) return "float16";
  if (!facts.has_avx512_bf16) return "float32";
  return facts.has_amx ? "bfloat16 with AMX" : "bfloat16 with AVX-512";
}

}  // namespace

std::string device_message(const DeviceFacts& facts) {
  const std::string head = fmt::format("device {}: {}", facts.device.name(), facts.reason);
  if (facts.device.is_cpu())
    return fmt::format("{}; {} thread{}, {}", head, facts.threads, facts.threads == 1 ? "" : "s", dtype_text(facts));
  return fmt::format(
      "{}, {:.1f} GiB free, {}", head, static_cast<double>(facts.free_bytes) / (1 << 30), dtype_text(facts));
}

}  // namespace weft
