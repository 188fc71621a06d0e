# The libraries that Weft stands on: Debian packages, and the libtorch wheel in .deps/ (see cmake/setup.sh).
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS filesystem)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(CLI11 2.1 REQUIRED)

# libtorch. The wheel's own find_package(Torch) insists on a CUDA toolkit; the two libraries that a CPU program
# needs are linked directly, and libtorch_cuda is opened at run time where there is a GPU.
set(WEFT_TORCH_DIR ${PROJECT_SOURCE_DIR}/.deps/python/torch CACHE PATH "The torch folder of the PyPI wheel")
if(NOT EXISTS ${WEFT_TORCH_DIR}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "libtorch is not in ${WEFT_TORCH_DIR}: run ./weft --setup-only first")
endif()
file(READ ${WEFT_TORCH_DIR}/version.py torch_version_py)
string(REGEX MATCH "__version__ = '([^']+)'" _ "${torch_version_py}")
set(WEFT_TORCH_VERSION ${CMAKE_MATCH_1})
add_library(weft_torch INTERFACE)
target_include_directories(weft_torch SYSTEM INTERFACE
  ${WEFT_TORCH_DIR}/include ${WEFT_TORCH_DIR}/include/torch/csrc/api/include)
target_link_libraries(weft_torch INTERFACE ${WEFT_TORCH_DIR}/lib/libtorch_cpu.so ${WEFT_TORCH_DIR}/lib/libc10.so)
target_link_options(weft_torch INTERFACE -Wl,--allow-shlib-undefined)
# The wheel brings fmt's headers, of another version than Debian's library, and they come first: take them whole.
target_compile_definitions(weft_torch INTERFACE FMT_HEADER_ONLY)

# torch's headers cost about 20 s a file: every target that uses them calls weft_use_torch(), which also gives it
# the one precompiled header.
file(WRITE ${CMAKE_BINARY_DIR}/torch_pch.cpp "// Compiled once: makes the precompiled header that all torch targets share.\n")
add_library(weft_torch_pch OBJECT ${CMAKE_BINARY_DIR}/torch_pch.cpp)
target_link_libraries(weft_torch_pch PRIVATE weft_torch Threads::Threads)
target_precompile_headers(weft_torch_pch PRIVATE <torch/torch.h> <string> <vector> <map> <memory> <functional>)
function(weft_use_torch target)
  target_link_libraries(${target} PUBLIC weft_torch)
  set_target_properties(${target} PROPERTIES DEFINE_SYMBOL "")
  get_target_property(type ${target} TYPE)
  if(type STREQUAL EXECUTABLE)  # compiled as the precompiled header was, which -fPIE would not be
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  target_precompile_headers(${target} REUSE_FROM weft_torch_pch)
endfunction()
