#!/usr/bin/env bash
# SeaweedFS keeps every promise of the object store and of the pointer catalog
source "$(dirname "$0")/../installed.sh"
source "$(dirname "$0")/../engines/at-exit.sh"
source "$(dirname "$0")/seaweedfs.sh"
start_seaweedfs
export PEER_S3_ENDPOINT="$seaweedfs_uri" PEER_S3_BACKSLASHES=slashes
cd "$repository"
vitest run --config test/peers/vitest.config.ts test/peers/object-stores
