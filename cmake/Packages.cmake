# The libraries that Weft stands on: Debian packages, and the libtorch wheel in .deps/ (see cmake/setup.sh).
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS filesystem)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(CLI11 2.1 REQUIRED)

# libtorch, as Weft::torch.
set(WEFT_TORCH_DIR ${PROJECT_SOURCE_DIR}/.deps/python/torch CACHE PATH "The torch folder of the PyPI wheel")
include(WeftTorch)
# An installed Weft finds its own libraries from bin/, lib/, lib/weft/ and lib/weft/plugins/, and libtorch where it is.
set(CMAKE_INSTALL_RPATH $ORIGIN/../lib $ORIGIN $ORIGIN/.. $ORIGIN/../.. ${WEFT_TORCH_DIR}/lib)
file(READ ${WEFT_TORCH_DIR}/version.py torch_version_py)
string(REGEX MATCH "__version__ = '([^']+)'" _ "${torch_version_py}")
set(WEFT_TORCH_VERSION ${CMAKE_MATCH_1})

# torch's headers cost seconds a file: every target that uses them calls weft_use_torch(), which gives it the one
# precompiled header. It holds what every plugin includes (sdk.h has torch/types.h) and no more: <torch/torch.h> in it would
# cost every file 6 s of code for classes that it does not use, so include that only where torch::nn or torch::optim is
# needed.
file(WRITE ${CMAKE_BINARY_DIR}/torch_pch.cpp "// Compiled once: makes the precompiled header that all torch targets share.\n")
add_library(weft_torch_pch OBJECT ${CMAKE_BINARY_DIR}/torch_pch.cpp)
target_link_libraries(weft_torch_pch PRIVATE Weft::torch Threads::Threads)
target_precompile_headers(weft_torch_pch PRIVATE <ATen/ATen.h> <torch/types.h> <functional> <map> <memory> <string>
  <vector>)
function(weft_use_torch target)
  target_link_libraries(${target} PUBLIC Weft::torch)
  set_target_properties(${target} PROPERTIES DEFINE_SYMBOL "")
  get_target_property(type ${target} TYPE)
  if(type STREQUAL EXECUTABLE)  # compiled as the precompiled header was, which -fPIE would not be
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  target_precompile_headers(${target} REUSE_FROM weft_torch_pch)
endfunction()

# The same for the rooms without torch, which spend a fifth of their time on these.
file(WRITE ${CMAKE_BINARY_DIR}/json_pch.cpp "// Compiled once: makes the precompiled header that targets without torch share.\n")
add_library(weft_json_pch OBJECT ${CMAKE_BINARY_DIR}/json_pch.cpp)
target_link_libraries(weft_json_pch PRIVATE nlohmann_json::nlohmann_json fmt::fmt Threads::Threads)
target_precompile_headers(weft_json_pch PRIVATE <nlohmann/json.hpp> <fmt/format.h> <algorithm> <filesystem> <functional>
  <map> <memory> <optional> <set> <string> <variant> <vector>)
function(weft_use_json target)
  set_target_properties(${target} PROPERTIES DEFINE_SYMBOL "")
  target_precompile_headers(${target} REUSE_FROM weft_json_pch)
endfunction()
