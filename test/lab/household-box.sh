#!/bin/sh
# A box with unlimited demand for a home made of namespaces hh-box and hh-net: two reflectors and
# PEERS peers on the internet's side, and in the home the governor over a plain file server.
# Run inside hh-box, as root. RECORD=FILE keeps the governor's ticks.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bun=${BUN:-$here/../../node_modules/.bin/bun}
wan=${WAN:-100.64.1.2}
port=${PORT:-8080}
for reflector in 100.64.0.2 100.64.0.3; do
  ip netns exec hh-net "$bun" "$here/reflector.ts" "$reflector" 4600 &
done
for peer in $(seq 1 "${PEERS:-3}"); do
  (
    sleep 1
    while :; do
      ip netns exec hh-net curl -s -o /dev/null --interface "100.64.0.$peer" "http://$wan:$port/" || :
      sleep 0.2
    done
  ) &
done
exec "$bun" "$here/sharer.ts" --port "$port" \
  --reflector 100.64.0.2:4600 --reflector 100.64.0.3:4600 ${RECORD:+--record "$RECORD"}
