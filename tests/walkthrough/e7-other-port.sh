#!/bin/bash
# E7: with AWS's limits tunnels lead to ports 22 and 3389
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
refused '"ErrorCode":"InvalidParameter"' open_tunnel --remote-port 80
