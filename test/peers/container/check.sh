#!/usr/bin/env bash
# The image builds, and as nobody on a read-only root it makes the same objects of each granule as this machine does.
source "$(dirname "$0")/../installed.sh"
source "$(dirname "$0")/podman.sh"
base_images
work="$peers_home/container-work"
rm -rf "$work"
mkdir -p "$work"
npm config list --json 2> /dev/null | node -e '
  const { registry } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  console.log(`registry=${registry}`);' > "$work/npmrc"
image_build -t localhost/cubelake:check --build-arg BUILD_BASE=localhost/node-build:24 --build-arg RUN_BASE=localhost/node-run:24 \
  --secret "id=npmrc,src=$work/npmrc" "$repository" > "$work/build.log" 2>&1 || { tail -40 "$work/build.log"; exit 1; }
podman image inspect localhost/cubelake:check --format '{{.Size}}' | awk '{ printf "image of %d MB\n", $1 / 1e6 }'

# One lake is processed here; the other has its raw cubes and manifests and is processed in containers.
node "$repository/cli/main.ts" simulate --out "$work/season" --date 2025-07-01 --entries 4 --replicates 2 > /dev/null 2>&1
node "$repository/cli/main.ts" ingest "$work/season" --lake "$work/here" > /dev/null 2>&1
mkdir -p "$work/there/warehouse/control"
cp -r "$work/here/raw" "$work/there/raw"
cp -r "$work/here/warehouse/control/manifests" "$work/there/warehouse/control/manifests"
rm -rf "$work/there/raw/.store"
chown -R 65532:65532 "$work/there"
granules=0
for manifest in "$work"/there/warehouse/control/manifests/*.json; do
  count="$(node -p 'JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8")).granules.length' "$manifest")"
  for ((index = 0; index < count; index++)); do
    podman run --rm --network none --read-only --tmpfs /tmp:mode=1777 --cap-drop all --security-opt no-new-privileges \
      -v "$work/there:/lake" -e CUBELAKE_RAW_URI=file:///lake/raw -e CUBELAKE_WAREHOUSE_URI=file:///lake/warehouse \
      -e CUBELAKE_MANIFEST_ID="$(basename "$manifest" .json)" -e CUBELAKE_GRANULE_INDEX="$index" localhost/cubelake:check \
      > "$work/run.log" 2>&1 || { tail -20 "$work/run.log"; exit 1; }
    granules=$((granules + 1))
  done
done
objects() { (cd "$1/warehouse" && find bronze tables/silver/reflectance/data -type f -exec sha256sum {} + | sort -k2); }
diff <(objects "$work/here") <(objects "$work/there")
echo "$granules granules, $(objects "$work/there" | wc -l) equal objects"
rm -rf "$work"
