#!/bin/bash
# Session Manager through three endpoints: Online, connected, a shell, a row in describe-sessions
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
works "$INS"
doctor "$endpoints" "$INS"
say "a session that lasts"
script -qec "/usr/bin/aws ssm start-session --target $INS" /dev/null < <(sleep 30) >/dev/null 2>&1 &
typist=$!
undo end $typist
active() { aws ssm describe-sessions --state Active --query 'Sessions[].[SessionId,Target]' --output text; }
is_active() { [[ "$(active)" == *"$INS"* ]]; }
eventually "the session in describe-sessions" 15 is_active
has "describe-sessions" "administrator-" "$(active)"
aws ssm terminate-session --session-id "$(active | head -1 | cut -f1)" >/dev/null
is_over() { ! is_active; }
eventually "the end of the session" 15 is_over
