# shellcheck shell=bash
# Sourced after ../installed.sh and ../engines/at-exit.sh: moto's server on a free port until this script ends.

# start_moto: its address goes to $moto_uri. Batch and Lambda answer without containers.
start_moto() {
  venv aws 'moto[server,all]==5.2.5'
  local port log pid
  port="$(free_port)"
  log="$(mktemp "$peers_home/moto-XXXXXX.log")"
  "$venv_home/bin/moto_server" -H 127.0.0.1 -p "$port" > "$log" 2>&1 &
  pid=$!
  at_exit "stop_process $pid; rm -f $log"
  moto_uri="http://127.0.0.1:$port"
  wait_for_answer "$moto_uri/moto-api/data.json" "$pid" "$log" '{'
  curl -fsS -o /dev/null -X POST -H 'Content-Type: application/json' \
    -d '{"batch":{"use_docker":false},"lambda":{"use_docker":false}}' "$moto_uri/moto-api/config"
  export AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
}
