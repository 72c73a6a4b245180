# shellcheck shell=bash
# Sourced after ../installed.sh, ../container/podman.sh and ../edge-servers/mosquitto.sh.

# mosquitto_image: localhost/mosquitto-run:2 of Debian's package, so that no image registry is needed.
mosquitto_image() {
  command -v /usr/sbin/mosquitto > /dev/null || install_mosquitto
  podman image exists localhost/mosquitto-run:2 && return
  local root
  root="$(mktemp -d "$peers_home/mosquitto-image-XXXXXX")"
  ldd /usr/sbin/mosquitto | grep -o '/[^ ]*' | xargs -I '{}' cp -L --parents '{}' "$root"
  cp --parents /usr/sbin/mosquitto "$root"
  # Where Debian has one tree for /lib and /usr/lib.
  mkdir -p "$root/usr/lib" "$root/etc" "$root/tmp"
  if [ -d "$root/lib" ]; then
    cp -r "$root/lib/." "$root/usr/lib"
    rm -rf "$root/lib"
  fi
  ln -s usr/lib "$root/lib"
  if [ -d "$root/lib64" ]; then
    mkdir -p "$root/usr/lib64"
    cp -r "$root/lib64/." "$root/usr/lib64"
    rm -rf "$root/lib64"
  fi
  ln -s usr/lib64 "$root/lib64"
  printf 'root:x:0:0:root:/root:/sbin/nologin\nmosquitto:x:1883:1883:mosquitto:/:/sbin/nologin\n' > "$root/etc/passwd"
  tar -C "$root" -c . | podman import --change 'USER 1883' - localhost/mosquitto-run:2 > /dev/null 2>&1
  rm -rf "$root"
}
