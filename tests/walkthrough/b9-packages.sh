#!/bin/bash
# B9: the private instance gets no packages; with a NAT gateway and a route to it, it does
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_bastion
has_no_nat
fetch() { on_bastion ssh -i .ssh/private.pem "ec2-user@$PRVIP" "curl -s -S -m 3 -o /dev/null -w '%{http_code}' http://www.example.com/"; }
refused "timed out" fetch
has_nat
eventually "the way out" 10 fetch
is "the answer from the internet" 200 "$(fetch)"
doctor "$bastion" "$PRV"
