#!/usr/bin/env bash
# Eight processes commit to one table in SeaweedFS, and again with one killed every second: each commit is there once
source "$(dirname "$0")/../installed.sh"
source "$(dirname "$0")/../engines/at-exit.sh"
source "$(dirname "$0")/../seaweedfs/seaweedfs.sh"
start_seaweedfs
export PEER_S3_ENDPOINT="$seaweedfs_uri"
node "$repository/test/peers/many-writers/check.ts" SeaweedFS
