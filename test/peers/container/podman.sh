# shellcheck shell=bash
# Sourced. Builds and runs images where there is no Docker engine: podman and buildah with runc, on bases made from Debian packages
# and the Node that npm brings, so that no image registry is needed.
export CONTAINERS_CONF="$peers_home/containers.conf"
cat > "$CONTAINERS_CONF.$$" <<'CONF'
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
CONF
mv "$CONTAINERS_CONF.$$" "$CONTAINERS_CONF"

if ! command -v podman > /dev/null || ! command -v buildah > /dev/null || ! command -v runc > /dev/null; then
  apt_install podman buildah runc netavark aardvark-dns catatonit uidmap
fi

# base_images: localhost/node-run:24, small as a distroless image is, and localhost/node-build:24 with npm besides.
base_images() {
  if podman image exists localhost/node-run:24 && podman image exists localhost/node-build:24; then return 0; fi
  local work="$peers_home/base-image" package
  rm -rf "$work"
  mkdir -p "$work/packages" "$work/root/etc/ssl/certs" "$work/root/tmp"
  (cd "$work/packages" && locked apt apt-get download -qq base-files libc6 libgcc-s1 libstdc++6 libatomic1 gcc-12-base ca-certificates tzdata netbase)
  for package in "$work"/packages/*.deb; do dpkg -x "$package" "$work/root"; done
  mkdir -p "$work/root/usr/local/bin"
  cp "$(node -p 'process.execPath')" "$work/root/usr/local/bin/node"
  chmod 1777 "$work/root/tmp"
  find "$work/root/usr/share/ca-certificates" -name '*.crt' -exec cat {} + > "$work/root/etc/ssl/certs/ca-certificates.crt"
  # A registry of this machine's own may need the certificates that the machine trusts.
  cat /etc/ssl/certs/ca-certificates.crt >> "$work/root/etc/ssl/certs/ca-certificates.crt"
  printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' > "$work/root/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' > "$work/root/etc/group"
  local change=(--change 'ENTRYPOINT ["/usr/local/bin/node"]' --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin')
  tar -C "$work/root" -c . | podman import "${change[@]}" --change 'USER 65532' - localhost/node-run:24 > /dev/null 2>&1
  mkdir -p "$work/root/usr/local/lib/node_modules" "$work/root/root"
  cp -rL "$(dirname "$(readlink -f "$(command -v npm)")")/.." "$work/root/usr/local/lib/node_modules/npm"
  tar -C "$work/root" -c . | podman import "${change[@]}" --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' \
    - localhost/node-build:24 > /dev/null 2>&1
  rm -rf "$work"
}

# image_build PARAMETER...: as `podman build`.
image_build() {
  buildah --runtime "$(command -v runc)" bud --network host "$@"
}

# cubelake_image KERNEL TAG [PARAMETER...]: this repository's image as localhost/cubelake:TAG, with the packages of this machine's registry.
cubelake_image() {
  local kernel="$1" tag="$2" log settings
  log="$(mktemp "$peers_home/image-XXXXXX.log")"
  settings="$(mktemp "$peers_home/npmrc-XXXXXX")"
  npm config list --json 2> /dev/null | node -e '
    const { registry } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    console.log(`registry=${registry}`);' > "$settings"
  locked base-images base_images
  image_build -t "localhost/cubelake:$tag" --build-arg BUILD_BASE=localhost/node-build:24 --build-arg RUN_BASE=localhost/node-run:24 \
    --build-arg "KERNEL=$kernel" --secret "id=npmrc,src=$settings" "$repository" > "$log" 2>&1 || { tail -40 "$log"; return 1; }
  rm -f "$log" "$settings"
}
