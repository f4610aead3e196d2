#!/bin/bash
# Users: alice starts sessions where Env is dev, and ends her own; nothing else
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
has_only_nat
works "$INS"
has_user alice "$(cat <<'J'
{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"ssm:StartSession","Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringLike":{"ssm:resourceTag/Env":"dev"}}},
 {"Effect":"Allow","Action":"ssm:StartSession","Resource":"arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell","Condition":{"BoolIfExists":{"ssm:SessionDocumentAccessCheck":"true"}}},
 {"Effect":"Allow","Action":["ssm:TerminateSession","ssm:ResumeSession"],"Resource":"arn:aws:ssm:*:*:session/${aws:username}-*"}]}
J
)"
refused AccessDeniedException as alice aws ssm start-session --target "$INS"
aws ec2 create-tags --resources "$INS" --tags Key=Env,Value=dev
undo aws ec2 delete-tags --resources "$INS" --tags Key=Env
has "alice's shell" "6536" "$(as alice in_session "$INS" 'echo $((6500+36))')"
say "sessions, of hers and of another's"
# The session alone, without the plugin.
session_of() { as "$1" /usr/bin/python3 -c "import boto3; print(boto3.client('ssm').start_session(Target='$INS')['SessionId'])"; }
hers=$(session_of alice)
others=$(session_of default)
has "alice ends hers" "$hers" "$(as alice aws ssm terminate-session --session-id "$hers" --output text)"
refused AccessDeniedException as alice aws ssm terminate-session --session-id "$others"
aws ssm terminate-session --session-id "$others" >/dev/null
refused UnauthorizedOperation as alice aws ec2 describe-instances
