// A libcuda.so.1 that says what the environment tells it to: FAKE_CUDA_ERROR, FAKE_CUDA_VERSION,
// FAKE_CUDA_GPUS.
#include <cstdio>
#include <cstdlib>

#include "base/export.h"

namespace {

int number(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text ? std::atoi(text) : otherwise;
}

}  // namespace

extern "C" {

WEFT_EXPORT int cuInit(unsigned) { return number("FAKE_CUDA_ERROR", 0); }
WEFT_EXPORT int cuDriverGetVersion(int* version) { return *version = number("FAKE_CUDA_VERSION", 13000), 0; }
WEFT_EXPORT int cuDeviceGetCount(int* count) { return *count = number("FAKE_CUDA_GPUS", 1), 0; }
WEFT_EXPORT int cuDeviceGet(int* device, int index) { return *device = index, 0; }
WEFT_EXPORT int cuDeviceGetName(char* name, int size, int device) {
  return std::snprintf(name, size, "Fake %d", device), 0;
}
WEFT_EXPORT int cuDeviceGetAttribute(int* value, int attribute, int device) {
  return *value = attribute == 75 ? 9 + device : attribute == 76 ? 1 : -1, 0;
}

}  // extern "C"
