#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Takes the code out of docs/simulation.md as a reader would: first the job with
# its mistake, which the simulator must find and shrink to what the tutorial
# says; then the mended one, in which nothing may be found.
#
#   check.sh simulation.md INSTALLED_PREFIX EMPTY_FOLDER
set -euo pipefail
tutorial=$1 prefix=$2 work=$3
source "$(dirname "$0")/../support/blocks.sh"

rm -rf "$work"
mkdir -p "$work"
block "$tutorial" 'cmake_minimum_required' >"$work/CMakeLists.txt"
block "$tutorial" '// votes_test.cc' >"$work/votes_test.cc"
block "$tutorial" '// scenario_test.cc' >"$work/scenario_test.cc"
block "$tutorial" '// votes.h' >"$work/votes.h"
# Each part of the mended class stands in the place of the one that it replaces.
block "$tutorial" '  // Mended.' >"$work/mended"

cmake -G Ninja -S "$work" -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$prefix"

cmake --build "$work/build"
if "$work/build/votes_test" >"$work/found"; then
  echo "the mistake was not found:" && cat "$work/found"
  exit 1
fi
cat "$work/found"
grep -q "breaks 'progress'" "$work/found"
grep -Eq 'A smaller run .* with 1 fault, [12] nodes?, 2 tasks' "$work/found"
if "$work/build/scenario_test"; then
  echo "the scenario does not fail"
  exit 1
fi

awk -v mended="$work/mended" '
  /^ private:$/ { while ((getline line < mended) > 0) print line; skipping = 1 }
  /^};$/ { skipping = 0 }
  !skipping { print }' "$work/votes.h" >"$work/votes.new"
mv "$work/votes.new" "$work/votes.h"
cmake --build "$work/build"
"$work/build/votes_test"
"$work/build/scenario_test"
