# SPDX-License-Identifier: Apache-2.0
#
# Language level, warnings, sanitizers, and a fast linker and compiler cache if there.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache needs to cache units that use precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(taskgraph_warnings INTERFACE)
target_compile_options(taskgraph_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  # g++ 12 takes the inactive members of a moved std::variant for uninitialized ones.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  $<$<BOOL:${TASKGRAPH_WERROR}>:-Werror>)

if(TASKGRAPH_SANITIZE)
  set(TASKGRAPH_SANITIZE_FLAGS -fsanitize=${TASKGRAPH_SANITIZE}
    -fno-omit-frame-pointer)
  if(NOT TASKGRAPH_SANITIZE STREQUAL "thread")
    list(APPEND TASKGRAPH_SANITIZE_FLAGS -fno-sanitize-recover=all)
  endif()
  add_compile_options(${TASKGRAPH_SANITIZE_FLAGS})
  add_link_options(${TASKGRAPH_SANITIZE_FLAGS})
endif()
