# Weft::torch: libtorch from the PyPI wheel whose torch folder is WEFT_TORCH_DIR. The wheel's own find_package(Torch)
# insists on a CUDA toolkit; the two libraries that a CPU program needs are linked directly, and libtorch_cuda is opened
# at run time where there is a GPU. Used by Weft's own build and, through WeftConfig.cmake, by plugins outside of it.
if(NOT EXISTS ${WEFT_TORCH_DIR}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "libtorch is not in ${WEFT_TORCH_DIR}: run ./weft --setup-only in Weft's folder, "
                      "or set WEFT_TORCH_DIR to the torch folder of its PyPI wheel")
endif()
if(NOT TARGET Weft::torch)
  add_library(Weft::torch INTERFACE IMPORTED GLOBAL)
  target_include_directories(Weft::torch SYSTEM INTERFACE
    ${WEFT_TORCH_DIR}/include ${WEFT_TORCH_DIR}/include/torch/csrc/api/include)
  target_link_libraries(Weft::torch INTERFACE ${WEFT_TORCH_DIR}/lib/libtorch_cpu.so ${WEFT_TORCH_DIR}/lib/libc10.so)
  target_link_options(Weft::torch INTERFACE -Wl,--allow-shlib-undefined)
  # The wheel brings fmt's headers, of another version than the system's library, and they come first: take them whole.
  target_compile_definitions(Weft::torch INTERFACE FMT_HEADER_ONLY)
endif()
