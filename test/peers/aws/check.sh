#!/usr/bin/env bash
# moto's S3, SQS and Batch keep every promise of the object store, the pointer catalog, the queue and the job runner, and a job on s3:// gives the rows of file://
source "$(dirname "$0")/../installed.sh"
source "$(dirname "$0")/../engines/at-exit.sh"
source "$(dirname "$0")/moto.sh"
start_moto
export PEER_S3_ENDPOINT="$moto_uri" PEER_SQS_ENDPOINT="$moto_uri"
cd "$repository"
vitest run --config test/peers/vitest.config.ts test/peers/object-stores test/peers/aws
