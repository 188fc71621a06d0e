// What a plugin must have in common with its host, as one line of text.
#pragma once

#include <torch/headeronly/version.h>  // macros only

#define WEFT_STAMP_TEXT_(x) #x
#define WEFT_STAMP_TEXT(x) WEFT_STAMP_TEXT_(x)
#if defined(__clang__)
#define WEFT_STAMP_COMPILER "clang-" WEFT_STAMP_TEXT(__clang_major__)
#else
#define WEFT_STAMP_COMPILER "gcc-" WEFT_STAMP_TEXT(__GNUC__)
#endif

/// Compiler family and major version, standard library, its string ABI, libtorch.
#define WEFT_STAMP                                                                                  \
  WEFT_STAMP_COMPILER " libstdc++-" WEFT_STAMP_TEXT(_GLIBCXX_RELEASE) " cxx11abi-" WEFT_STAMP_TEXT( \
      _GLIBCXX_USE_CXX11_ABI) " torch-" TORCH_VERSION
