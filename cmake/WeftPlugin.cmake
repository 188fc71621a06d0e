# weft_add_plugin(NAME SOURCES... [LIBRARIES ...]): a plugin library and the manifest beside it. The same function for
# Weft's own nodes and, after find_package(Weft), for everybody else's.
#
#   weft_add_plugin(invert invert.cpp)                       a node on pictures
#   weft_add_plugin(my_sampler sampler.cpp LIBRARIES Weft::sd)   with Weft's diffusion library
#
# The library is built into WEFT_PLUGIN_OUTPUT_DIRECTORY (put that into WEFT_PLUGIN_PATH to try it) and installed into
# WEFT_PLUGIN_INSTALL_DIR, which outside of Weft's tree is the per-user plugin folder; empty: not installed.
if(NOT WEFT_PLUGIN_OUTPUT_DIRECTORY)
  set(WEFT_PLUGIN_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
endif()
if(NOT WEFT_PLUGIN_INSTALL_DIR)
  set(user_data $ENV{XDG_DATA_HOME})
  if(NOT user_data)
    set(user_data $ENV{HOME}/.local/share)
  endif()
  set(WEFT_PLUGIN_INSTALL_DIR ${user_data}/weft/plugins CACHE PATH "Where plugins are installed")
endif()

set(WEFT_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# weft_hash_headers(): the target weft_headers, which writes weft_headers.h into WEFT_HASH_DIR: the hash of the headers that
# plugins compile against, for their stamp and for the host's. They lie in WEFT_HEADERS_DIR: the source tree, or where they
# were installed.
set(WEFT_HASH_DIR ${CMAKE_BINARY_DIR}/weft_headers)
function(weft_hash_headers)
  if(TARGET weft_headers)
    return()
  endif()
  set(headers "")
  foreach(folder base painting graph assets plugins plugins/* devices/* nodes/sd/*)
    file(GLOB headers_there CONFIGURE_DEPENDS ${WEFT_HEADERS_DIR}/${folder}/*.h)
    list(APPEND headers ${headers_there})
  endforeach()
  add_custom_command(OUTPUT ${WEFT_HASH_DIR}/weft_headers.h
    COMMAND ${CMAKE_COMMAND} -DROOT=${WEFT_HEADERS_DIR} -DOUTPUT=${WEFT_HASH_DIR}/weft_headers.h
                             -P ${WEFT_CMAKE_DIR}/WeftHeaders.cmake
    DEPENDS ${headers} ${WEFT_CMAKE_DIR}/WeftHeaders.cmake
    COMMENT "Hashing Weft's headers")
  add_custom_target(weft_headers DEPENDS ${WEFT_HASH_DIR}/weft_headers.h)
endfunction()

# weft_stamp_plugin(NAME): compiles what the plugin was built with into it.
function(weft_stamp_plugin name)
  weft_hash_headers()
  target_sources(${name} PRIVATE ${WEFT_HEADERS_DIR}/plugins/plugin_stamp.cpp)
  set_source_files_properties(${WEFT_HEADERS_DIR}/plugins/plugin_stamp.cpp PROPERTIES
    INCLUDE_DIRECTORIES ${WEFT_HASH_DIR} SKIP_PRECOMPILE_HEADERS ON)
  add_dependencies(${name} weft_headers)
endfunction()

function(weft_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBRARIES")
  add_library(${name} MODULE ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE Weft::sdk ${arg_LIBRARIES})
  weft_stamp_plugin(${name})
  if(COMMAND weft_use_torch)  # in Weft's own tree: warnings are errors, and torch's headers are compiled once for all
    target_link_libraries(${name} PRIVATE weft_warnings)
    weft_use_torch(${name})
  endif()
  # By its build id the manifest knows its library again.
  target_link_options(${name} PRIVATE -Wl,--build-id=sha1)
  set_target_properties(${name} PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${WEFT_PLUGIN_OUTPUT_DIRECTORY}
    INSTALL_RPATH_USE_LINK_PATH ON
    LINK_DEPENDS $<TARGET_FILE:Weft::manifest>)  # another weft-manifest writes the manifest anew
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND Weft::manifest $<TARGET_FILE:${name}>
    COMMENT "Writing the manifest of plugin ${name}")
  if(WEFT_PLUGIN_INSTALL_DIR)
    install(TARGETS ${name} LIBRARY DESTINATION ${WEFT_PLUGIN_INSTALL_DIR})
    install(FILES ${WEFT_PLUGIN_OUTPUT_DIRECTORY}/lib${name}.weft.json DESTINATION ${WEFT_PLUGIN_INSTALL_DIR})
  endif()
endfunction()
