#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Takes the application out of the README as a reader would, builds it from an
# installed TaskGraph and runs it three ways: in one process, on three nodes, and
# on three nodes while the one that has task 0 is killed. All must say the same.
#
#   check.sh README.md INSTALLED_PREFIX EMPTY_FOLDER
set -euo pipefail
readme=$1 prefix=$2 work=$3
source "$(dirname "$0")/../support/blocks.sh"

rm -rf "$work"
mkdir -p "$work"
block "$readme" '// main.cc' >"$work/main.cc"
block "$readme" 'cmake_minimum_required' >"$work/CMakeLists.txt"

cmake -G Ninja -S "$work" -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$prefix"
cmake --build "$work/build"

# Few epochs, so that this takes no time.
run() { "$work/build/area" --quiet --config epochs=12 "$@"; }

# Kills the node of task 0 in the middle of the job, as its events tell it.
kill_on_the_way() {  # kill_on_the_way JOB_PID
  local line pid='' killed=no
  while IFS= read -r line; do
    if [[ $line =~ '"event":"assigned","task":0,'.*'"pid":'([0-9]+) ]]; then
      pid=${BASH_REMATCH[1]}
    elif [[ $killed == no && $line == *'"event":"epoch","epoch":4}' ]]; then
      kill -9 "$pid"
      killed=yes
    elif [[ $line == *'"event":"ended"'* ]]; then
      break
    fi
  done < <(tail -n +1 -f --pid="$1" "$work/events")
  grep -q '"event":"recovered","task":0,' "$work/events"
}

run --nodes 0 >"$work/one_process"
run --nodes 3 >"$work/three_nodes"
: >"$work/events"
run --nodes 3 --events "$work/events" >"$work/one_killed" &
job=$!
kill_on_the_way "$job"
wait "$job"

grep -q '^the area is 3\.14159265' "$work/one_process"
cmp "$work/one_process" "$work/three_nodes"
cmp "$work/one_process" "$work/one_killed"
