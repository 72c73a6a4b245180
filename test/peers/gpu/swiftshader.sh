# shellcheck shell=bash
# Sourced after installed.sh. A Vulkan loader and SwiftShader, a GPU in software, from Debian's own packages: unpacked into
# the peers' home and named by variables, so that nothing of the system changes.
vulkan_home="$peers_home/vulkan-$(dpkg --print-architecture)"
install_swiftshader() {
  if [ -f "$vulkan_home/installed" ]; then return 0; fi
  rm -rf "$vulkan_home"
  mkdir -p "$vulkan_home/packages"
  (
    cd "$vulkan_home/packages"
    # Older lists may name versions that the mirror has no more.
    locked apt apt-get download -q libvulkan1 chromium-common 2> /dev/null ||
      { locked apt apt-get update -q && locked apt apt-get download -q libvulkan1 chromium-common; }
    dpkg -x libvulkan1_*.deb "$vulkan_home"
    dpkg --fsys-tarfile chromium-common_*.deb | tar -x -C "$vulkan_home" ./usr/lib/chromium/libvk_swiftshader.so
  ) > "$vulkan_home/log" 2>&1 || { cat "$vulkan_home/log"; exit 1; }
  printf '{"file_format_version":"1.0.0","ICD":{"library_path":"%s","api_version":"1.0.5"}}\n' \
    "$vulkan_home/usr/lib/chromium/libvk_swiftshader.so" > "$vulkan_home/swiftshader.json"
  rm -rf "$vulkan_home/packages"
  touch "$vulkan_home/installed"
}
locked vulkan install_swiftshader
LD_LIBRARY_PATH="$(dirname "$(find "$vulkan_home/usr/lib" -name libvulkan.so.1)")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH VK_ICD_FILENAMES="$vulkan_home/swiftshader.json"
