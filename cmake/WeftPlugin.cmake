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

function(weft_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBRARIES")
  add_library(${name} MODULE ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE Weft::sdk ${arg_LIBRARIES})
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
