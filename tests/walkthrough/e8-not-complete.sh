#!/bin/bash
# E8: an endpoint that is being made takes no tunnels
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint

remove_endpoint() {
  aws2 ec2 delete-instance-connect-endpoint --instance-connect-endpoint-id "$EICE" >/dev/null
  eventually "the endpoint is gone" 30 endpoint_is "$EICE" delete-complete
}

# It is being made for one second: whether the tunnel's question came within that one tells the trail.
asked_in_time() {
  "$fumidai" audit list --json --most 50 | jq -e '
    def seconds: capture("(?<whole>.*)[.](?<rest>[0-9]+)Z") | (.whole + "Z" | fromdateiso8601) + ("0." + .rest | tonumber);
    def last_of($action): map(select(.action == $action)) | .[0].time | seconds;
    last_of("ec2:DescribeInstanceConnectEndpoints") - last_of("ec2:CreateInstanceConnectEndpoint") | . > 0 and . < 1' >/dev/null
}

# Both begin at once, as the CLI alone takes about as long as that to begin.
try_meanwhile() {
  open_tunnel </dev/null >meanwhile.log 2>&1 &
  make_connect_endpoint
  wait $! && status=0 || status=$?
  sleep 0.5 # what only looks is in the trail a moment later
  asked_in_time
}

remove_endpoint
forget EICE # what it was until now
for _ in {1..10}; do
  if try_meanwhile; then caught=yes && break; fi
  eventually "the endpoint is complete" 30 endpoint_is "$EICE" create-complete
  remove_endpoint
done
is "a tunnel was asked for while the endpoint was being made" yes "${caught:-no}"
has "open-tunnel" "There are no available instance connect endpoints." "$(cat meanwhile.log)"
is "its exit status" 252 "$status"
keep EICE
eventually "the endpoint is complete" 30 endpoint_is "$EICE" create-complete
learn_endpoint
push_key
is "hostname" "ip-${I2IP//./-}" "$(by_tunnel hostname)"
