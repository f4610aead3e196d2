#!/bin/bash
# E13: with AWS's limits an endpoint carries twenty tunnels
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
# A server on port 3389 that greets and stays.
for rule in "egress --group-id $SGEIC --source-group $SGI2" "ingress --group-id $SGI2 --source-group $SGEIC"; do
  # shellcheck disable=SC2086  # the words of a rule
  { aws ec2 authorize-security-group-$rule --protocol tcp --port 3389 >/dev/null; undo aws ec2 revoke-security-group-$rule --protocol tcp --port 3389; }
done
push_key
by_tunnel 'nohup python3 -c "
import socket, time
server, held = socket.create_server((\"\", 3389), backlog=64), []
while True:
    held.append(server.accept()[0])
    held[-1].sendall(b\"here\\n\")
" >/dev/null 2>&1 &'
open_tunnel --remote-port 3389 --local-port 3389 --max-websocket-connections 25 >/dev/null 2>&1 &
undo end $!
listens() { [ -n "$(ss -Hltn 'sport = :3389')" ]; }
eventually "it listens" 20 listens
held=0
for _ in {1..20}; do
  exec {connection}<>/dev/tcp/localhost/3389
  read -r -t 10 word <&"$connection"
  [ "$word" != here ] || held=$((held + 1))
done
is "tunnels that are open" 20 "$held"
refused '"ErrorCode":"TooManyConnections"' open_tunnel
