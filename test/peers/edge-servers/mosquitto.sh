# shellcheck shell=bash
# Sourced after ../installed.sh, ../engines/at-exit.sh and kafka.sh: one Mosquitto until this script ends.

# start_mosquitto [FOLDER]: a broker that keeps its sessions in FOLDER (a new one when absent); its address goes to $mqtt_uri, its
# process to $mosquitto_pid. Started again with the same folder it has the same port and sessions.
start_mosquitto() {
  mosquitto_folder="${1:-$(mktemp -d "$peers_home/mosquitto-XXXXXX")}"
  [ -n "${1:-}" ] || at_exit "rm -rf $mosquitto_folder"
  command -v mosquitto > /dev/null || [ -x /usr/sbin/mosquitto ] || install_mosquitto
  mkdir -p "$mosquitto_folder"
  if [ ! -f "$mosquitto_folder/mosquitto.conf" ]; then
    cat > "$mosquitto_folder/mosquitto.conf" <<P
listener $(free_port) 127.0.0.1
allow_anonymous true
user root
persistence true
persistence_location $mosquitto_folder/
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
max_packet_size 2097152
P
  fi
  local port
  port="$(sed -nE 's/^listener ([0-9]+) .*/\1/p' "$mosquitto_folder/mosquitto.conf")"
  mqtt_uri="mqtt://127.0.0.1:$port"
  PATH="$PATH:/usr/sbin" mosquitto -c "$mosquitto_folder/mosquitto.conf" >> "$mosquitto_folder/out" 2>&1 &
  mosquitto_pid=$!
  at_exit "stop_process $mosquitto_pid"
  wait_for_port "127.0.0.1:$port" "$mosquitto_pid" "$mosquitto_folder/out"
}

install_mosquitto() {
  apt_install mosquitto
}
