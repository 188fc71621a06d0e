#include "devices/torch/nvidia_driver.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>

namespace weft {
namespace {

// libtorch is built with CUDA 13.0, which drivers from 580 on serve.
constexpr int kNeededVersion = 13000;

// From cuda.h.
constexpr int kCapabilityMajor = 75;
constexpr int kCapabilityMinor = 76;
constexpr int kNoDevice = 100;

/// Calls a function of the driver, all of which return 0 or an error's number.
template <class... Arguments>
int call(void* driver, const char* name, Arguments... arguments) {
  auto* function = reinterpret_cast<int (*)(Arguments...)>(dlsym(driver, name));
  return function ? function(arguments...) : -1;
}

Gpu describe(void* driver, int index) {
  Gpu gpu;
  int device = 0;
  call(driver, "cuDeviceGet", &device, index);
  std::array<char, 128> name{};
  call(driver, "cuDeviceGetName", name.data(), static_cast<int>(name.size()), device);
  call(driver, "cuDeviceGetAttribute", &gpu.major, kCapabilityMajor, device);
  call(driver, "cuDeviceGetAttribute", &gpu.minor, kCapabilityMinor, device);
  gpu.name = name.data();
  return gpu;
}

}  // namespace

DriverReport ask_nvidia_driver(const char* library) {
  void* driver = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!driver) return {.problem = "no NVIDIA driver found"};
  const int error = call(driver, "cuInit", 0u);
  if (error == kNoDevice) return {};
  if (error != 0)
    return {
        .problem = fmt::format("the NVIDIA driver does not start (cuInit gives {}): see what nvidia-smi says", error)};

  int version = 0, count = 0;
  call(driver, "cuDriverGetVersion", &version);
  if (version < kNeededVersion)
    return {.problem = fmt::format("the NVIDIA driver serves CUDA {}.{}, libtorch needs {}.{}: update the driver",
                version / 1000, version % 1000 / 10, kNeededVersion / 1000, kNeededVersion % 1000 / 10)};
  call(driver, "cuDeviceGetCount", &count);
  DriverReport report;
  for (int i = 0; i < count; ++i) report.gpus.push_back(describe(driver, i));
  return report;
}

}  // namespace weft
