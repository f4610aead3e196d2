#!/bin/bash
# E14: a tunnel is closed when its time is over
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
push_key
TUNNEL_OPTIONS="--max-tunnel-duration 2"
refused "Maximum tunnel duration of 2 seconds reached" by_tunnel sleep 30
