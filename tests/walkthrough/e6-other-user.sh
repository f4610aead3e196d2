#!/bin/bash
# E6: a key is for the user it was pushed for
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_connect_endpoint
launch --security-group-ids "$SGI2"
I2=$I
eventually "the instance's sshd" 20 answers_by_tunnel
push_key ssm-user
refused "Permission denied (publickey)" by_tunnel true
