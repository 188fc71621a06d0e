#include "plugins/device_runtime.h"

#include <fmt/format.h>

#include <array>
#include <boost/dll/shared_library.hpp>
#include <cstdlib>
#include <filesystem>

#include "graph/error.h"
#include "plugins/folders.h"

namespace weft {
namespace {

/// What libweft_torch_runtime.so exports. Null on failure, with the reason in `message`.
using MakeRuntime = DeviceRuntime*(const char* device, const char* dtype, int threads, char* message,
                                   std::size_t message_size);

std::filesystem::path runtime_library() { return program_prefix() / "lib/weft/libweft_torch_runtime.so"; }

OpenedRuntime cpu_alone(const RuntimeChoice& choice, const std::filesystem::path& library) {
  if (choice.device.starts_with("cuda"))
    throw NodeError(fmt::format("--device {}: there is no '{}'", choice.device, library.string()),
                    "it brings the GPU's support; install it, or use --device cpu");
  return {make_cpu_runtime(), fmt::format("device cpu: there is no '{}'", library.string())};
}

}  // namespace

void limit_spinning() {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "1000", /*overwrite=*/0);
}

OpenedRuntime open_device_runtime(const RuntimeChoice& choice) {
  const std::filesystem::path path = runtime_library();
  if (!std::filesystem::exists(path)) return cpu_alone(choice, path);
  // Never closed: libtorch crashes when it is unloaded.
  static const auto* library = new boost::dll::shared_library(path.string(), boost::dll::load_mode::rtld_now);
  MakeRuntime& make = library->get<MakeRuntime>("weft_make_device_runtime");
  std::array<char, 512> message{};
  std::unique_ptr<DeviceRuntime> runtime(
      make(choice.device.c_str(), choice.dtype.c_str(), choice.threads, message.data(), message.size()));
  if (!runtime) throw NodeError(fmt::format("--device {}: {}", choice.device, message.data()));
  return {std::move(runtime), message.data()};
}

}  // namespace weft
