#!/bin/bash
# N9: the shell has the internet
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_nat
works "$INS"
has "curl, in the shell" "status=200" "$(in_session "$INS" 'curl -s -o /dev/null -m 5 -w "status=%{http_code}\n" http://www.example.com/')"
doctor "$nat" "$INS"
