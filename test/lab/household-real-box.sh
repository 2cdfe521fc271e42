#!/bin/sh
# The whole product in somebody else's lab home: `spareband box` in the namespace hh-box, and beyond the
# line, in hh-net, a broker, a coordinator and viewers that take all the box offers. The lab measures
# from the eighth second on, so the box's cache is filled beforehand:
#
#   test/lab/household-real-box.sh prepare
#   household.py 'cmd:test/lab/household-real-box.sh run'
#
# VIEWERS=8 asks for eight viewers at once instead of three; STATE=DIR keeps the state elsewhere.
set -eu
cd "$(dirname "$0")/../.."
STATE=${STATE:-/tmp/spareband-household}
SIZE_MB=96
spareband="$PWD/node_modules/.bin/bun $PWD/agent/main.ts"
export SPAREBAND_ENVIRONMENT=dev SPAREBAND_LOG_LEVEL=${SPAREBAND_LOG_LEVEL:-notice}
export SPAREBAND_COORDINATOR_STATE_DIR="$STATE/coordinator" SPAREBAND_BOX_STATE_DIR="$STATE/box"
# The console itself is simulated, idle and cool: this machine is busy being the line. Sockets, probes
# and pacing are real.
export SPAREBAND_BOX_HARDWARE=simulated
export SPAREBAND_CONTENT_FILL_RATE='1 Gbit/s' SPAREBAND_BOX_LISTEN=0.0.0.0:8080
pids=
trap 'kill $pids 2>/dev/null; wait' EXIT
trap 'exit 0' INT TERM

# start NAMESPACE COMMAND…: in the background, in a namespace or in none ("-").
start() {
  where=$1; shift
  if [ "$where" = - ]; then "$@" & else ip netns exec "$where" "$@" & fi
  pids="$pids $!"
}

# serve NAMESPACE HOST: broker and coordinator.
serve() {
  printf 'listener 1883 %s\nallow_anonymous true\n' "$2" >"$STATE/mosquitto.conf"
  start "$1" mosquitto -c "$STATE/mosquitto.conf" >"$STATE/mosquitto.log" 2>&1
  export SPAREBAND_MQTT_URL="mqtt://$2:1883" SPAREBAND_COORDINATOR_URL="http://$2:7400"
  export SPAREBAND_COORDINATOR_LISTEN="$2:7400" SPAREBAND_COORDINATOR_ORIGIN_LISTEN="$2:7401"
  export SPAREBAND_COORDINATOR_REFLECTOR_LISTEN="$2:7402"
  start "$1" $spareband coordinator >"$STATE/coordinator.log" 2>&1
}

prepare() {
  rm -rf "$STATE"; mkdir -p "$STATE/title"
  serve - 127.0.0.1
  SPAREBAND_BOX_ADDRESSES=http://127.0.0.1:8080 start - $spareband box >"$STATE/box.log" 2>&1
  head -c "${SIZE_MB}000000" /dev/urandom >"$STATE/title/noise.bin"
  sleep 3
  SPAREBAND_VIEWER_KEY_DIR="$STATE/creator" $spareband publish "$STATE/title" --slug noise
  $spareband consent --give --yes --json >/dev/null
  for _ in $(seq 120); do
    sleep 1
    held=$(du -sm "$STATE/box/content" | cut -f1)
    [ "$held" -lt $((SIZE_MB * 95 / 100)) ] || break
  done
  sleep 12 # the store's bitmap follows within ten seconds
  echo "the box holds $held MB"
}

run() {
  # Nobody listens there: what viewers get, they get from the box.
  export SPAREBAND_COORDINATOR_ORIGIN_URL=http://100.64.0.8:9
  serve hh-net 100.64.0.1
  SPAREBAND_BOX_ADDRESSES=http://100.64.1.2:8080 start - $spareband box >"$STATE/box.log" 2>&1
  until ip netns exec hh-net curl -sf "$SPAREBAND_COORDINATOR_URL/v1/info" >/dev/null; do sleep 0.1; done
  sleep 0.5
  for viewer in $(seq "${VIEWERS:-3}"); do
    SPAREBAND_VIEWER_KEY_DIR="$STATE/viewer-$viewer" start - view >"$STATE/viewer-$viewer.log" 2>&1
  done
  wait
}

# view: one viewer that never has enough.
view() {
  while :; do
    ip netns exec hh-net $spareband fetch noise --discard --repeat 10000 --boxes 1 || sleep 0.2
  done
}

case ${1:-} in
  prepare | run) "$1" ;;
  *) echo "household-real-box.sh prepare | run" >&2; exit 64 ;;
esac
