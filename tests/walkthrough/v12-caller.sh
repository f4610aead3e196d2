#!/bin/bash
# V12: a caller without ssm:StartSession starts none, and no session is made
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
works "$INS"
count() { aws ssm describe-sessions --state "$1" --query 'length(Sessions)'; }
before="$(count Active) $(count History)"
has_user bob '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ssm:Describe*","ec2:Describe*","fumidai:*"],"Resource":"*"}]}'
refused AccessDeniedException as bob aws ssm start-session --target "$INS"
account=$(aws sts get-caller-identity --query Account --output text)
refused "ssm:StartSession on resource: arn:aws:ec2:$AWS_REGION:$account:instance/$INS " as bob aws ssm start-session --target "$INS"
is "sessions, active and past" "$before" "$(count Active) $(count History)"
as bob doctor "$endpoints" "$INS" permission "$INS" -
