# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` puts where, so that another project can say
#
#   find_package(taskgraph REQUIRED)
#   target_link_libraries(my_job PRIVATE taskgraph::taskgraph)
#   target_link_libraries(my_job_test PRIVATE taskgraph::simulation)
#
# tests/consumer is such a project, and a test builds it from an installation.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# The one name that users link: the public headers and the driver behind Main.
add_library(taskgraph_taskgraph INTERFACE)
add_library(taskgraph::taskgraph ALIAS taskgraph_taskgraph)
set_target_properties(taskgraph_taskgraph PROPERTIES EXPORT_NAME taskgraph)
target_link_libraries(taskgraph_taskgraph INTERFACE taskgraph_api)
if(TARGET taskgraph_job)
  target_link_libraries(taskgraph_taskgraph INTERFACE taskgraph_job)
endif()

get_property(modules GLOBAL PROPERTY TASKGRAPH_MODULES)
install(TARGETS taskgraph_taskgraph taskgraph_api ${modules}
  EXPORT taskgraph_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/taskgraph)
install(EXPORT taskgraph_targets
  NAMESPACE taskgraph::
  DESTINATION ${package_dir})
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/taskgraphConfig.cmake.in
  ${PROJECT_BINARY_DIR}/taskgraphConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/taskgraphConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/taskgraphConfig.cmake
  ${PROJECT_BINARY_DIR}/taskgraphConfigVersion.cmake
  DESTINATION ${package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/NOTICE
  DESTINATION ${CMAKE_INSTALL_DOCDIR})
