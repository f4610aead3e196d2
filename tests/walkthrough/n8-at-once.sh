#!/bin/bash
# N8: right after the route is made: the agent is connected within a minute, and until then the plane says that it is not
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_neither
launch_with_role
stays_away "$I" 2
has_nat
began=$SECONDS
seen=$(connection_of "$I")
[[ "$seen" =~ ^(not)?connected$ ]] || fail "get-connection-status says '$seen'"
# It may be connected by now.
if output=$(aws ssm start-session --target "$I" 2>&1); then
  is_connected "$I" || fail "a session was started of an instance that is not connected: $output"
else
  has "start-session" TargetNotConnected "$output"
fi
eventually "the agent's control channel" 60 is_connected "$I"
say "connected $((SECONDS - began)) s after the route was made"
works "$I"
doctor "$nat" "$I"
