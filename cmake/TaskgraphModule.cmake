# SPDX-License-Identifier: Apache-2.0
#
# taskgraph_module(NAME [SOURCES ...] [DEPENDS modules] [LIBRARIES targets]
#                  [TESTS files] [TEST_LIBRARIES targets] [SHARED])
#
# One folder under src/ is one module: a library target taskgraph_NAME, and a test
# program NAME_test made of the listed *_test.cc files. DEPENDS names other modules;
# together these lines are the architecture, and tests/house checks the includes
# against them. A module without sources is headers alone.
function(taskgraph_module NAME)
  cmake_parse_arguments(M "SHARED" ""
    "SOURCES;DEPENDS;LIBRARIES;TESTS;TEST_LIBRARIES" ${ARGN})
  set(target taskgraph_${NAME})
  set(PUBLIC PUBLIC)
  if(NOT M_SOURCES)
    add_library(${target} INTERFACE)
    set(PUBLIC INTERFACE)
  elseif(M_SHARED)
    add_library(${target} SHARED ${M_SOURCES})
  else()
    add_library(${target} STATIC ${M_SOURCES})
  endif()
  add_library(taskgraph::${NAME} ALIAS ${target})
  target_include_directories(${target} ${PUBLIC}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  list(TRANSFORM M_DEPENDS PREPEND taskgraph_ OUTPUT_VARIABLE depends)
  target_link_libraries(${target} ${PUBLIC} taskgraph_api ${depends} ${M_LIBRARIES})
  if(M_SOURCES)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:taskgraph_warnings>)
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${NAME})
  set_property(GLOBAL APPEND PROPERTY TASKGRAPH_MODULES ${target})
  if(M_TESTS AND TASKGRAPH_BUILD_TESTS)
    taskgraph_test(${NAME}_test SOURCES ${M_TESTS}
      LIBRARIES ${target} ${M_TEST_LIBRARIES})
  endif()
endfunction()

# taskgraph_test(NAME SOURCES ... LIBRARIES ... [LABELS ...])
#
# A GoogleTest program whose cases ctest lists one by one. Every case has a liveness
# guard; no case may pass or fail by a shorter wall-clock figure.
function(taskgraph_test NAME)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  add_executable(${NAME} ${T_SOURCES})
  if(TASKGRAPH_SANITIZE)  # Which makes code several times slower.
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 5")
    target_compile_definitions(${NAME} PRIVATE TASKGRAPH_SANITIZED)
  endif()
  target_link_libraries(${NAME} PRIVATE ${T_LIBRARIES} GTest::gmock GTest::gtest_main
    taskgraph_warnings)
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}")
endfunction()
