#!/usr/bin/env bash
# A burst of small cubes through S3, SQS, Lambda and Batch ends complete or failed with a reason, each good cube once, although every process is killed
#
#   check.sh [CUBES [CUBES_IN_MOTO]]   600 with S3 of SeaweedFS, 60 with S3 of moto when absent; 0 leaves one out
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/../installed.sh"
source "$here/../engines/at-exit.sh"
source "$here/../aws/moto.sh"
source "$here/../seaweedfs/seaweedfs.sh"
folder="$(mktemp -d "$peers_home/burst-XXXXXX")"
at_exit "rm -rf $folder"
cd "$repository"
node functions/bundle.ts "$folder/functions"
venv python numpy==2.4.6 pyarrow==26.0.1 zarr==3.1.6 xarray==2025.12.0 'pyiceberg[pyarrow,sql-sqlite]==0.12.0'
python_home="$venv_home"

# burst S3_URI CUBES SEED moto|sent cold|warm: SQS, Batch and EventBridge are moto's, which is new each time.
burst() {
  mkdir "$folder/$4"
  node "$here/burst.ts" "$1" "$2" "$3" "$folder/functions" "$folder/$4" "$4" "$5" || { tail -15 "$folder/$4/pids.log"; return 1; }
  "$python_home/bin/python" "$here/check_rows.py" "$folder/$4/burst.json"
}

start_moto
export moto_uri
if [ "${2:-60}" != 0 ]; then
  echo "S3 of moto, which tells the queue of every new object; a process for each child of a job:"
  burst "$moto_uri" "${2:-60}" 1 moto cold
  curl -fsS -o /dev/null -X POST "$moto_uri/moto-api/reset"
fi
if [ "${1:-600}" != 0 ]; then
  start_seaweedfs
  echo "S3 of SeaweedFS, which has no events, so that this check sends them; hosts run child after child:"
  burst "$seaweedfs_uri" "${1:-600}" 2 sent warm
fi
