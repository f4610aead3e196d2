#!/bin/bash
# E5: after 61 seconds the tunnel works, and the key does not
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
push_key
is "with the key" "in" "$(by_tunnel echo in)"
sleep 61
refused "Permission denied (publickey)" by_tunnel true
