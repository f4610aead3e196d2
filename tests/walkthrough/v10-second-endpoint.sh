#!/bin/bash
# V10: a second endpoint of ssm with private DNS is refused
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
refused "conflicting DNS domain" endpoint ssm
works "$INS"
doctor "$endpoints" "$INS"
