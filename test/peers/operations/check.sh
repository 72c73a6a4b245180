#!/usr/bin/env bash
# on moto, every command for operators works on s3://: uploads once, lost events, poison, restore from Deep Archive, reprocessing, SQL
source "$(dirname "$0")/../installed.sh"
source "$(dirname "$0")/../engines/at-exit.sh"
source "$(dirname "$0")/../aws/moto.sh"
start_moto
export PEER_S3_ENDPOINT="$moto_uri" AWS_ENDPOINT_URL="$moto_uri"
cd "$repository"
vitest run --config test/peers/vitest.config.ts test/peers/operations
