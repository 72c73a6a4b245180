#!/usr/bin/env bash
# What a field machine and its site run is valid for Kubernetes, the site's broker keeps devices apart, and an unplugged pod makes a cube, keeps its parts over a change of the image, and sends them
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/../installed.sh"
source "$here/../engines/at-exit.sh"
source "$here/../edge-servers/kafka.sh"
source "$here/../edge-servers/mosquitto.sh"
source "$here/../container/podman.sh"
source "$here/kustomize.sh"
source "$here/mosquitto-image.sh"
deploy="$repository/edge-k3s/deploy"
work="$(mktemp -d "$peers_home/edge-deploy-XXXXXX")"
at_exit "rm -rf $work"

venv kubernetes kubernetes-validate==1.37.0
for folder in "$deploy"/overlays/* "$deploy/site"; do
  kustomize_build "$folder" > "$work/$(basename "$folder").yaml"
  "$venv_home/bin/kubernetes-validate" --strict --quiet "$work/$(basename "$folder").yaml"
done
echo "valid: $(cd "$work" && echo *.yaml)"

# The site's broker as its resources set it up, here without its container.
mosquitto_image
source "$here/certificates.sh"
certificates "$work/tls" 127.0.0.1 tractor-1 tractor-2 cubelake-bridge
port="$(free_port)"
sed -e "s#^listener .*#listener $port 127.0.0.1#" -e "s#/tls/ca.crt#$work/tls/ca.crt#" -e "s#/tls/tls#$work/tls/127.0.0.1#" \
  -e "s#/mosquitto/config#$work#" -e "s#/mosquitto/data#$work#" "$deploy/site/mosquitto.conf" > "$work/mosquitto.conf"
echo 'user root' >> "$work/mosquitto.conf"
cp "$deploy/site/mosquitto.acl" "$work"
chmod 600 "$work/mosquitto.acl"
PATH="$PATH:/usr/sbin" mosquitto -c "$work/mosquitto.conf" > "$work/mosquitto.log" 2>&1 &
broker=$!
at_exit "stop_process $broker"
wait_for_port "127.0.0.1:$port" "$broker" "$work/mosquitto.log"
timeout 60 node "$here/broker-rules.ts" "mqtts://127.0.0.1:$port" "$work/tls"

# The dev overlay, its folders here and no network but the pod's own. Podman maps no ports there, and this probe asks from inside.
cubelake_image cpu field
podman tag localhost/cubelake:field localhost/cubelake:field-next
mkdir "$work/spool" "$work/captures"
node "$here/capture-one.ts" "$work/captures"
chown -R 65532:65532 "$work/spool" "$work/captures"
chmod 711 "$work"
sed -e "s#/var/lib/cubelake/dev#$work#" -e 's#docker.io/library/eclipse-mosquitto:.*#localhost/mosquitto-run:2#' \
  -e 's#^    - --page=.*#&\n    - --dark=/captures/dark.hdr\n    - --white=/captures/white.hdr\n    - --panel=0.99#' "$work/dev.yaml" |
  perl -0pe 's/    ports:\n(    - .*\n(?:      .*\n)*)+//' > "$work/field.yaml"
sed 's#cubelake:field$#cubelake:field-next#' "$work/field.yaml" > "$work/field-next.yaml"
at_exit "podman kube down $work/field.yaml > /dev/null 2>&1 || true"

# in_pod PLAYED STAGE: plays it, looks from inside of its network, and takes it down. Who looks is there before the agent.
in_pod() {
  podman kube play --start=false --network none "$work/$1.yaml" > "$work/podman.log" 2>&1 || { cat "$work/podman.log"; return 1; }
  podman start agent-mosquitto > /dev/null 2>> "$work/podman.log"
  local process look
  process="$(podman inspect --format '{{.State.Pid}}' agent-mosquitto)"
  nsenter -t "$process" -n "$(node -p process.execPath)" "$here/look-at-pod.ts" "$2" "$work/parts.json" &
  look=$!
  until [ -e "$work/parts.json.$2" ] || ! kill -0 "$look" 2> /dev/null; do sleep 0.1; done
  rm -f "$work/parts.json.$2"
  podman start agent-agent > /dev/null 2>> "$work/podman.log"
  process="$(podman inspect --format '{{.State.Pid}}' agent-agent)"
  grep -q $'^Uid:\t65532' "/proc/$process/status"
  grep -q $'^CapEff:\t0000000000000000' "/proc/$process/status"
  wait "$look" || { podman logs agent-agent; return 1; }
  podman kube down "$work/$1.yaml" > /dev/null 2>&1
}
in_pod field made
in_pod field-next kept
in_pod field kept
in_pod field sent
