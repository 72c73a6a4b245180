# shellcheck shell=bash
# Sourced. certificates FOLDER SERVER CLIENT...: an authority of one's own, and a key and a certificate for each, named by it.
certificates() {
  local folder="$1" server="$2" name
  mkdir -p "$folder"
  shift
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=site' \
    -keyout "$folder/ca.key" -out "$folder/ca.crt" 2> /dev/null
  for name in "$@"; do
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$folder/$name.key" -out "$folder/$name.csr" 2> /dev/null
    openssl x509 -req -in "$folder/$name.csr" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -CAcreateserial -days 2 \
      -extfile <([ "$name" != "$server" ] || echo "subjectAltName=IP:$server") -out "$folder/$name.crt" 2> /dev/null
  done
}
