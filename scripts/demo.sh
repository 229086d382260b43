#!/bin/sh
# The whole job in a few seconds, in a directory of its own: register, fire, drain, received.
set -eu

repository=$(cd "$(dirname "$0")/.." && pwd)
demo=$(mktemp -d "${TMPDIR:-/tmp}/capnhook-demo.XXXXXX")
export CAPNHOOK_SPOOL="$demo/spool" CAPNHOOK_CONFIG="$demo/hooks.yaml"
receiver=

clean_up() {
  [ -z "$receiver" ] || kill "$receiver" 2>/dev/null || true
  rm -rf "$demo"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

capnhook() {
  node "$repository/bin/capnhook.js" "$@"
}

show() {
  printf '$ %s\n' "$*"
  "$@"
}

node "$repository/scripts/demo-receiver.mjs" "$demo/url" > "$demo/received" 2>&1 &
receiver=$!
while [ ! -s "$demo/url" ]; do
  kill -0 "$receiver" 2>/dev/null || { cat "$demo/received" >&2; exit 1; }
  sleep 0.1
done

cd "$demo"
printf '{"id":1234,"name":"Jed","status":"OK"}\n' > payload.json

show capnhook register complete "$(cat url)"
show capnhook fire complete payload.json
show capnhook drain

status=0
wait "$receiver" || status=$?
receiver=
printf '\nreceived:\n\n'
cat received
exit "$status"
