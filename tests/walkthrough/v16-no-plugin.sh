#!/bin/bash
# V16: without session-manager-plugin the CLI ends the session that it started
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
works "$INS"
# shellcheck disable=SC2123  # for aws alone
without_plugin() { PATH=/usr/bin:/bin /usr/bin/aws ssm start-session --target "$INS"; }
refused "SessionManagerPlugin is not found" without_plugin
is "active sessions" 0 "$(aws ssm describe-sessions --state Active --query 'length(Sessions)')"
doctor "$endpoints" "$INS"
