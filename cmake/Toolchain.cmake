# How everything is compiled: one place, so that every target and the precompiled header agree.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# Where things are built: programs in bin/, our libraries in lib/, plugins in lib/weft/plugins/.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(WEFT_PLUGIN_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/weft/plugins)
set(WEFT_PLUGIN_INSTALL_DIR lib/weft/plugins)

find_program(CCACHE ccache)
if(CCACHE)
  # pch_defines and time_macros: without them ccache refuses files that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

set(WEFT_SANITIZE "" CACHE STRING "address,undefined or thread")
if(WEFT_SANITIZE)
  add_compile_options(-fsanitize=${WEFT_SANITIZE} -fno-omit-frame-pointer -g1
                      -Wno-maybe-uninitialized)  # g++ 12 sees ghosts in instrumented code
  add_link_options(-fsanitize=${WEFT_SANITIZE})
endif()

# Warnings are errors in our code; packages are SYSTEM includes and silent.
option(WEFT_WERROR "Treat warnings as errors" ON)
add_library(weft_warnings INTERFACE)
target_compile_options(weft_warnings INTERFACE -Wall -Wextra -Wno-missing-field-initializers
                       $<$<BOOL:${WEFT_WERROR}>:-Werror>)
