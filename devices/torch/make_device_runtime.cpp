// What a program that knows no torch finds in this library by name: host/device_runtime.cpp.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <memory>
#include <string>

#include "devices/torch/choose_device.h"
#include "devices/torch/cpu_block_cache.h"
#include "devices/torch/device_message.h"
#include "devices/torch/nvidia_driver.h"
#include "devices/torch/torch_runtime.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

/// The folder of the library that holds `symbol`.
fs::path library_folder(const void* symbol) {
  Dl_info info{};
  return dladdr(symbol, &info) ? fs::path(info.dli_fname).parent_path() : fs::path();
}

/// RTLD_GLOBAL: others find its symbols. Empty if it worked.
std::string open_library(const fs::path& path) { return dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) ? "" : dlerror(); }

/// Registers the CUDA device in this process. Must come before libtorch first asks whether it has CUDA: it
/// asks once.
std::string open_torch_cuda() {
  const fs::path folder = library_folder(reinterpret_cast<const void*>(&at::globalContext));
  if (const std::string error = open_library(folder / "libtorch_cuda.so"); !error.empty())
    return fmt::format("libtorch_cuda.so could not be opened ({}): run ./weft --setup-cuda", error);
  if (!at::hasCUDA() || at::detail::getCUDAHooks().deviceCount() == 0) return "libtorch finds no GPU that it can use";
  return {};
}

/// Without it, U-Net steps are not recorded; nothing else changes.
void open_weft_cuda() {
  open_library(library_folder(reinterpret_cast<const void*>(&open_weft_cuda)) / "libweft_cuda.so");
}

/// float32 on a GPU means float32: convolutions would otherwise round to 10 bits (TF32). Who wants speed has
/// float16.
void prepare_cuda(const Device& device) {
  at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
  at::globalContext().setAllowTF32CuDNN(false);
  TorchRuntime(device).use_stream(device, 0);
  open_weft_cuda();
}

std::unique_ptr<DeviceRuntime> make(const char* wanted, const char* dtype, int threads, std::string& message) {
  DeviceChoice choice =
      choose_device(wanted, {.driver = [] { return ask_nvidia_driver(); }, .open_torch_cuda = open_torch_cuda});
  message = choice.reason;
  if (!choice.device) return nullptr;
  const Device device = *choice.device;
  CpuBlockCache::install();
  if (!device.is_cpu()) prepare_cuda(device);
  if (threads > 0) at::set_num_threads(threads);

  auto runtime = std::make_unique<TorchRuntime>(device);
  message = device_message({.device = device,
      .reason = choice.reason,
      .free_bytes = runtime->memory(device).free,
      .threads = at::get_num_threads(),
      .dtype = dtype,
      .has_amx = __builtin_cpu_supports("amx-bf16") != 0,
      .has_avx512_bf16 = __builtin_cpu_supports("avx512bf16") != 0});
  return runtime;
}

}  // namespace
}  // namespace weft

/// The runtime for `device` (auto, cpu, cuda, cuda:N), to be deleted by the caller. `message` says in one
/// line what was taken and why; with null, why it cannot be had. `dtype` is only named in the message. Call
/// it before any other work with libtorch. [main-thread]
extern "C" WEFT_EXPORT weft::DeviceRuntime* weft_make_device_runtime(
    const char* device, const char* dtype, int threads, char* message, std::size_t message_size) {
  std::string text;
  std::unique_ptr<weft::DeviceRuntime> runtime;
  try {
    runtime = weft::make(device, dtype, threads, text);
  } catch (const c10::Error& error) {
    text = error.what_without_backtrace();
  } catch (const std::exception& error) {
    text = error.what();
  }
  if (message_size > 0) message[text.copy(message, message_size - 1)] = '\0';
  return runtime.release();
}
