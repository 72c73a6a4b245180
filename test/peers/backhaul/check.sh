#!/usr/bin/env bash
# Raw cubes of a field machine reach the S3 of moto although their upload is killed fifteen times: equal bytes, no part sent twice, no upload left, then the disk is freed
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/../installed.sh"
source "$here/../engines/at-exit.sh"
source "$here/../aws/moto.sh"
folder="$(mktemp -d "$peers_home/backhaul-XXXXXX")"
at_exit "rm -rf $folder"
start_moto
node "$here/backhaul.ts" "$moto_uri" "$folder"
