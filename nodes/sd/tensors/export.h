// Everything in nodes/sd/ is visible to plugins and tests (see CMakeLists.txt), except functions that take a type which
// libtorch's headers hide, at::IntArrayRef: the compiler hides those too, unless told otherwise.
#pragma once

#define WEFT_SD_EXPORT __attribute__((visibility("default")))
