#!/bin/bash
# E12: the CLI itself refuses a duration of more than an hour
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
refused "Value must be greater than 1 and less than 3600" open_tunnel --max-tunnel-duration 4000
