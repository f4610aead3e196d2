#!/bin/bash
# B3: nobody outside reaches the private address directly
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
if said=$(ssh -i private.pem "ec2-user@$PRVIP" hostname 2>&1); then fail "reached $PRVIP from outside: $said"; fi
is "no way, or no answer" yes "$([[ "$said" =~ "No route"|"unreachable"|"timed out" ]] && echo yes || echo "$said")"
doctor "$bastion" "$PRV"
