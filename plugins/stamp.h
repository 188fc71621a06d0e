// What a plugin must have in common with its host, as one line of text. Included where the stamp is made, and nowhere else.
#pragma once

#include <torch/headeronly/version.h>  // macros only

#include "plugins/abi.h"
#include "weft_headers.h"  // WEFT_HEADERS: made by weft_hash_headers() of cmake/WeftPlugin.cmake

#define WEFT_STAMP_TEXT_(x) #x
#define WEFT_STAMP_TEXT(x) WEFT_STAMP_TEXT_(x)
#if defined(__clang__)
#define WEFT_STAMP_COMPILER "clang-" WEFT_STAMP_TEXT(__clang_major__)
#else
#define WEFT_STAMP_COMPILER "gcc-" WEFT_STAMP_TEXT(__GNUC__)
#endif

/// Compiler family and major version, standard library, its string ABI, libtorch, and Weft's headers that plugins see.
#define WEFT_STAMP                                                                                  \
  WEFT_STAMP_COMPILER " libstdc++-" WEFT_STAMP_TEXT(_GLIBCXX_RELEASE) " cxx11abi-" WEFT_STAMP_TEXT( \
      _GLIBCXX_USE_CXX11_ABI) " torch-" TORCH_VERSION WEFT_STAMP_HEADERS WEFT_HEADERS
