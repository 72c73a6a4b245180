# shellcheck shell=bash
# Sourced after ../installed.sh.

# kustomize_build FOLDER: what kustomize 5 makes of it.
kustomize_build() {
  if kubectl version --client 2> /dev/null | grep -q 'Kustomize Version: v5'; then
    kubectl kustomize "$1"
    return
  fi
  local program="$peers_home/kustomize-5.4.3/kustomize"
  [ -x "$program" ] || GOBIN="$(dirname "$program")" go install sigs.k8s.io/kustomize/kustomize/v5@v5.4.3 > /dev/null 2>&1 ||
    { echo 'Expected kubectl with kustomize 5, or Go to build it, got neither.' >&2; return 1; }
  "$program" build "$1"
}
