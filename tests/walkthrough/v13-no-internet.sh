#!/bin/bash
# V13: endpoints give the shell no internet
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
works "$INS"
has "curl, in the shell" "status=28" "$(in_session "$INS" 'curl -s -m 3 http://198.51.100.80/; echo status=$?')"
doctor "$nat" "$INS" "way to the service" "ssm, ssmmessages" no-route
