#!/bin/bash
# V3: a role that does not trust EC2 gives the instance no credentials
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_endpoints
sed 's/ec2\.amazonaws\.com/lambda.amazonaws.com/' trust.json >other-trust.json
aws iam update-assume-role-policy --role-name ssm-role --policy-document file://other-trust.json
undo aws iam update-assume-role-policy --role-name ssm-role --policy-document file://trust.json
launch_with_role
stays_away "$I"
not_listed "$I"
has "iam/info" ssm-profile "$(metadata "$I" meta-data/iam/info)"
has "the credentials" AssumeRoleUnauthorizedAccess "$(metadata "$I" meta-data/iam/security-credentials/ssm-role)"
doctor "$endpoints" "$I" "trust policy" ssm-role -
