#!/usr/bin/env bash
# Makes the demo lake that the checks beside this file read.
source "$(dirname "$0")/../installed.sh"
rm -rf "$demo_lake"
node "$repository/cli/main.ts" demo --lake "$demo_lake"
