#!/usr/bin/env bash
# Jobs on s3:// that are killed or stopped in the middle of a cube go on there, end with the same bytes and leave no upload behind
source "$(dirname "$0")/../installed.sh"
source "$(dirname "$0")/../engines/at-exit.sh"
source "$(dirname "$0")/../aws/moto.sh"
start_moto
export PEER_S3_ENDPOINT="$moto_uri"
cd "$repository"
vitest run --config test/peers/vitest.config.ts test/peers/killed-jobs
