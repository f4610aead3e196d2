#!/bin/bash
# N6: with the gateway goes the session; its route is a black hole, and no session starts
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_nat
works "$INS"
say "a session that lasts"
script -qec "/usr/bin/aws ssm start-session --target $INS" /dev/null < <(sleep 100) >session.log 2>&1 &
typist=$!
undo kill $typist
is_active() { [ "$(aws ssm describe-sessions --state Active --query 'length(Sessions)')" != 0 ]; }
eventually "the session in describe-sessions" 15 is_active
say "delete the gateway"
aws ec2 delete-nat-gateway --nat-gateway-id "$NAT" >/dev/null
is "the route" blackhole "$(aws ec2 describe-route-tables --route-table-ids "$RTPRI" --query "RouteTables[0].Routes[?DestinationCidrBlock=='0.0.0.0/0'].State" --output text)"
undo has_no_nat
is_away() { [ "$(connection_of "$INS")" = notconnected ]; }
eventually "the plane sees that the agent is away" 90 is_away
refused TargetNotConnected aws ssm start-session --target "$INS"
is_over() { ! is_active; }
eventually "the end of the session" 60 is_over
doctor "$nat" "$INS" "way to the service" "ssm, ssmmessages"
