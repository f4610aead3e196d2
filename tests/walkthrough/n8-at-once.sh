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
[ "$seen" = connected ] || refused TargetNotConnected aws ssm start-session --target "$I"
eventually "the agent's control channel" 60 is_connected "$I"
say "connected $((SECONDS - began)) s after the route was made"
works "$I"
doctor "$nat" "$I"
