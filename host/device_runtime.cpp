#include "host/device_runtime.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <boost/dll/shared_library.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>

#include "base/byte_text.h"
#include "base/error.h"
#include "plugins/folders.h"
#include "plugins/library.h"

namespace weft {
namespace {

/// What libweft_torch_runtime.so exports. Null on failure, with the reason in `message`.
using MakeRuntime = DeviceRuntime*(
    const char* device, const char* dtype, int threads, char* message, std::size_t message_size);

std::filesystem::path runtime_library() { return program_prefix() / "lib/weft/libweft_torch_runtime.so"; }

OpenedRuntime cpu_alone(const RuntimeChoice& choice, const std::filesystem::path& library) {
  if (choice.device.starts_with("cuda"))
    throw NodeError(fmt::format("--device {}: there is no '{}'", choice.device, library.string()),
        "it brings the GPU's support; install it, or use --device cpu");
  return {make_cpu_runtime(), fmt::format("device cpu: there is no '{}'", library.string())};
}

/// libtorch and the libraries under it crash where they get no memory. Measured with two threads, 1.2 GB carry a small
/// model; each further thread has a stack, and an arena of malloc's.
constexpr std::uint64_t kNeededAddresses = std::uint64_t{3} << 29;
constexpr std::uint64_t kNeededByThread = std::uint64_t{72} << 20;

void require_addresses(int threads) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  const unsigned count = threads > 0 ? static_cast<unsigned>(threads) : std::thread::hardware_concurrency();
  const std::uint64_t needed = kNeededAddresses + (count > 2 ? count - 2 : 0) * kNeededByThread;
  if (limit.rlim_cur >= needed) return;
  throw NodeError(
      fmt::format("with {} threads, libtorch needs at least {} of address space, the limit (ulimit -v) is {}", count,
          byte_text(needed), byte_text(limit.rlim_cur)),
      needed > kNeededAddresses ? "raise the limit, or give fewer --threads" : "raise the limit");
}

/// Never closed: libtorch crashes when it is unloaded.
const boost::dll::shared_library& opened(const std::filesystem::path& path) {
  try {
    static const auto* library = new boost::dll::shared_library(path.string(), boost::dll::load_mode::rtld_now);
    return *library;
  } catch (const std::system_error& error) {
    throw NodeError(fmt::format("'{}' cannot be opened ({})", path.string(), system_text(error, path)),
        "install Weft again, or raise the limits of memory and open files");
  }
}

}  // namespace

void limit_spinning() {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) ::setenv("GOMP_SPINCOUNT", "1000", /*overwrite=*/0);
}

OpenedRuntime open_device_runtime(const RuntimeChoice& choice) {
  const std::filesystem::path path = runtime_library();
  if (!std::filesystem::exists(path)) return cpu_alone(choice, path);
  require_addresses(choice.threads);
  MakeRuntime& make = opened(path).get<MakeRuntime>("weft_make_device_runtime");
  std::array<char, 512> message{};
  std::unique_ptr<DeviceRuntime> runtime(
      make(choice.device.c_str(), choice.dtype.c_str(), choice.threads, message.data(), message.size()));
  if (!runtime) throw NodeError(fmt::format("--device {}: {}", choice.device, message.data()));
  return {std::move(runtime), message.data()};
}

}  // namespace weft
