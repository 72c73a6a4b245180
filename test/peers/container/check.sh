#!/usr/bin/env bash
# The image builds, and as nobody on a read-only root without a network it makes the same objects of each granule as this machine does, with and without a GPU.
source "$(dirname "$0")/../installed.sh"
source "$(dirname "$0")/../engines/at-exit.sh"
source "$(dirname "$0")/podman.sh"
source "$(dirname "$0")/../gpu/swiftshader.sh"
work="$(mktemp -d "$peers_home/container-XXXXXX")"
at_exit "rm -rf $work"
chmod 711 "$work"
for kernel in cpu gpu; do
  cubelake_image "$kernel" "check-$kernel"
  podman image inspect "localhost/cubelake:check-$kernel" --format '{{.Size}}' | awk -v kernel="$kernel" '{ printf "image for a %s of %d MB\n", kernel, $1 / 1e6 }'
done

# One lake is processed here; the others have its raw cubes and manifests and are processed in containers.
node "$repository/cli/main.ts" simulate --out "$work/season" --date 2025-07-01 --entries 4 --replicates 2 > /dev/null 2>&1
node "$repository/cli/main.ts" ingest "$work/season" --lake "$work/here" > /dev/null 2>&1

# process_in KERNEL PODMAN-PARAMETER...: all granules in containers of that image, each at the place that the lake here has.
process_in() {
  local kernel="$1" lake="$work/$1" manifest count index granules=0
  shift
  mkdir -p "$lake/warehouse/control"
  cp -r "$work/here/raw" "$lake/raw"
  cp -r "$work/here/warehouse/control/manifests" "$lake/warehouse/control/manifests"
  rm -rf "$lake/raw/.store"
  chown -R 65532:65532 "$lake"
  for manifest in "$lake"/warehouse/control/manifests/*.json; do
    count="$(node -p 'JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8")).granules.length' "$manifest")"
    for ((index = 0; index < count; index++)); do
      podman run --rm --network none --read-only --tmpfs /tmp:mode=1777 --cap-drop all --security-opt no-new-privileges \
        -v "$lake:/lake" -e CUBELAKE_RAW_URI=file:///lake/raw -e CUBELAKE_WAREHOUSE_URI=file:///lake/warehouse -e "CUBELAKE_KERNEL=$kernel" \
        -e CUBELAKE_MANIFEST_ID="$(basename "$manifest" .json)" -e CUBELAKE_GRANULE_INDEX="$index" "$@" "localhost/cubelake:check-$kernel" \
        > "$work/run.log" 2>&1 || { tail -20 "$work/run.log"; exit 1; }
      cat "$work/run.log" >> "$work/$kernel.log"
      granules=$((granules + 1))
    done
  done
  diff <(objects "$work/here") <(objects "$lake")
  grep -q "\"event\":\"Kernel:Choose:Done\".*\"kernel\":\"$kernel\"" "$work/$kernel.log" || [ "$kernel" = cpu ] || { echo 'no cube was calibrated by the GPU'; exit 1; }
  echo "$kernel: $granules granules, $(objects "$lake" | wc -l) equal objects"
}
objects() { (cd "$1/warehouse" && find bronze tables/silver/reflectance/data -type f -exec sha256sum {} + | sort -k2); }
process_in cpu
# The driver of a GPU comes from outside of the image, as NVIDIA's runtime brings it; here that is SwiftShader.
sed 's#"library_path":"[^"]*"#"library_path":"/vulkan/chromium/libvk_swiftshader.so"#' "$VK_ICD_FILENAMES" > "$work/swiftshader.json"
loader="$(basename "${LD_LIBRARY_PATH%%:*}")"
process_in gpu -v "$vulkan_home/usr/lib:/vulkan:ro" -v "$work/swiftshader.json:/swiftshader.json:ro" \
  -e "LD_LIBRARY_PATH=/vulkan/$loader" -e VK_ICD_FILENAMES=/swiftshader.json

# Nothing of arm64 runs here: its packages resolve, and every program in them is for it.
cp "$repository/package.json" "$repository/package-lock.json" "$work/season"
(cd "$work/season" && npm ci --omit=dev --ignore-scripts --cpu=arm64 --os=linux --no-audit --no-fund > "$work/arm64.log" 2>&1) || { tail -20 "$work/arm64.log"; exit 1; }
node "$repository/batch-jobs/image/keep-own-platform.ts" "$work/season/node_modules" arm64
programs="$(find "$work/season/node_modules" -type f -regex '.*\.\(node\|so\|so\.[0-9.]*\)')"
[ -n "$programs" ]
while read -r program; do
  readelf -h "$program" | grep -q 'Machine: *AArch64' || { echo "$program is not for arm64"; exit 1; }
done <<< "$programs"
echo "arm64: packages resolve; $(wc -l <<< "$programs") program for AArch64 in them, not run here"
