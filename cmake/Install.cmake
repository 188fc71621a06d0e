# What is installed, and what find_package(Weft) finds: in the build folder
# (CMAKE_PREFIX_PATH=.../build/release) as well as where `cmake --install` put it.
include(CMakePackageConfigHelpers)
set(package lib/cmake/Weft)

set_target_properties(weft_graph PROPERTIES EXPORT_NAME graph)
set_target_properties(weft_plugins PROPERTIES EXPORT_NAME plugins)
set_target_properties(weft_sd PROPERTIES EXPORT_NAME sd)
set_target_properties(weft_sdk PROPERTIES EXPORT_NAME sdk)
set_target_properties(weft-manifest PROPERTIES EXPORT_NAME manifest)

install(TARGETS weft_graph weft_plugins weft_sd weft_sdk weft-manifest EXPORT WeftTargets
        RUNTIME DESTINATION bin LIBRARY DESTINATION lib INCLUDES DESTINATION include/weft)
if(TARGET weft)
  install(TARGETS weft RUNTIME DESTINATION bin)
endif()
foreach(folder base painting graph assets plugins devices nodes/sd)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION include/weft/${folder}
          FILES_MATCHING PATTERN "*.h" PATTERN "plugin_stamp.cpp" PATTERN "examples" EXCLUDE PATTERN "template" EXCLUDE)
endforeach()

# Whatever a workflow that comes with Weft may name.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/models DESTINATION share/weft)

install(EXPORT WeftTargets NAMESPACE Weft:: DESTINATION ${package})
export(EXPORT WeftTargets NAMESPACE Weft:: FILE ${CMAKE_BINARY_DIR}/WeftTargets.cmake)
configure_package_config_file(cmake/WeftConfig.cmake.in ${CMAKE_BINARY_DIR}/WeftConfig.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/WeftConfigVersion.cmake COMPATIBILITY SameMinorVersion)
foreach(part WeftTorch WeftPlugin WeftHeaders)
  configure_file(cmake/${part}.cmake ${CMAKE_BINARY_DIR}/${part}.cmake COPYONLY)
endforeach()
install(FILES ${CMAKE_BINARY_DIR}/WeftConfig.cmake ${CMAKE_BINARY_DIR}/WeftConfigVersion.cmake
              cmake/WeftTorch.cmake cmake/WeftPlugin.cmake cmake/WeftHeaders.cmake DESTINATION ${package})
