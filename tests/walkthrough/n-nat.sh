#!/bin/bash
# Session Manager through a NAT gateway: a shell, without any endpoint
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_nat
works "$INS"
doctor "$nat" "$INS"
