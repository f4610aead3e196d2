#!/bin/bash
# N6: without the gateway a session is dead, its route a black hole, the agent away, and no session starts
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_nat
works "$INS"
say "a session that lasts"
rm -f typed
mkfifo typed
script -qfec "/usr/bin/aws ssm start-session --target $INS" /dev/null <typed >session.log 2>&1 &
typist=$!
exec {keyboard}>typed
undo end $typist
is_active() { [ "$(aws ssm describe-sessions --state Active --query 'length(Sessions)')" != 0 ]; }
eventually "the session in describe-sessions" 15 is_active
echo 'echo first-$((6500+36))' >&$keyboard
eventually "the shell's answer" 15 grep -q first-6536 session.log
say "delete the gateway"
aws ec2 delete-nat-gateway --nat-gateway-id "$NAT" >/dev/null
undo has_no_nat
is "the route" blackhole "$(aws ec2 describe-route-tables --route-table-ids "$RTPRI" --query "RouteTables[0].Routes[?DestinationCidrBlock=='0.0.0.0/0'].State" --output text)"
eventually "the gateway is deleted" 30 gateway_is "$NAT" deleted
echo 'echo second-$((6500+36))' >&$keyboard
is_away() { [ "$(connection_of "$INS")" = notconnected ]; }
eventually "the plane sees that the agent is away" 90 is_away
is "answers of the shell since then" 0 "$(grep -c second-6536 session.log || true)"
refused TargetNotConnected aws ssm start-session --target "$INS"
is_lost() { [ "$(ping_status_of "$INS")" = ConnectionLost ]; }
eventually "PingStatus ConnectionLost" 5 is_lost
doctor "$nat" "$INS" "way to the service" "ssm, ssmmessages" blackhole
say "the session waits for its agent; end it"
aws ssm terminate-session --session-id "$(aws ssm describe-sessions --state Active --query 'Sessions[0].SessionId' --output text)" >/dev/null
is_over() { ! is_active; }
eventually "the end of the session" 15 is_over
