#!/usr/bin/env bash
# Parts and receipts over a real Mosquitto: nothing is lost by kills and failing handlers, sizes end where they should, certificates decide, a slow link is kept
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/../installed.sh"
source "$here/../engines/at-exit.sh"
source "$here/../edge-servers/kafka.sh"
source "$here/../edge-servers/mosquitto.sh"
source "$here/../edge-deploy/certificates.sh"
folder="$(mktemp -d "$peers_home/mqtt-XXXXXX")"
at_exit "rm -rf $folder"
command -v mosquitto > /dev/null || [ -x /usr/sbin/mosquitto ] || install_mosquitto
certificates "$folder/certificates" 127.0.0.1 tractor-1 cubelake-bridge
certificates "$folder/other" 127.0.0.1 tractor-1
site="$repository/edge-k3s/deploy/site"
for name in kills sizes slow site; do
  mkdir "$folder/$name"
  sed -e "s#^listener .*#listener $(free_port) 127.0.0.1#" -e "s#/tls/ca.crt#$folder/certificates/ca.crt#" \
    -e "s#/tls/tls#$folder/certificates/127.0.0.1#" -e "s#/mosquitto/config#$folder/$name#" -e "s#/mosquitto/data#$folder/$name#" \
    "$site/mosquitto.conf" > "$folder/$name/mosquitto.conf"
  echo 'user root' >> "$folder/$name/mosquitto.conf"
  [ "$name" = site ] || sed -i -e '/^\(cafile\|certfile\|keyfile\|require_certificate\|use_identity\|acl_file\)/d' \
    -e 's/^allow_anonymous false/allow_anonymous true/' "$folder/$name/mosquitto.conf"
  cp "$site/mosquitto.acl" "$folder/$name"
  chmod 600 "$folder/$name/mosquitto.acl"
done
timeout 420 node "$here/mqtt.ts" "$folder" || { tail -n 5 "$folder"/*/out; exit 1; }
