# SPDX-License-Identifier: Apache-2.0
#
# To be sourced: code out of documents.

# block FILE START: prints the block of code whose first line begins with START.
block() {
  awk -v start="$2" '
    inside && /^```$/ { exit }
    inside { print }
    fence && index($0, start) == 1 { inside = 1; print }
    { fence = /^```[a-z]+$/ }' "$1"
}
