// Asks the NVIDIA driver which GPUs there are, through libcuda.so.1, which the driver brings: neither CUDA's
// headers nor its libraries are needed, and a machine without a GPU is known as such in no time.
#pragma once

#include "devices/torch/choose_device.h"

namespace weft {

/// `library`: for tests. The driver stays open in the process.
DriverReport ask_nvidia_driver(const char* library = "libcuda.so.1");

}  // namespace weft
