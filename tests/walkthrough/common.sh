# What the cases share. A case that is run alone gets a world from `run`, which runs it again inside.
# shellcheck shell=bash disable=SC2034  # the cases use them
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case ${1:-} in -h | --help)
  sed -n '2s/^# //p' "$0"
  echo "Run it without arguments, as root; tests/walkthrough/run runs several."
  exit
  ;;
esac
[ -n "${WALKTHROUGH_WORLD:-}" ] || exec "$here/run" "$(basename "$0" .sh)"
set -euo pipefail

world=$WALKTHROUGH_WORLD
fumidai=$(realpath -m "${FUMIDAI_BUILD:-$here/../../build/release}")/fumidai
names=$world/names # of what earlier cases made and this one may use
eval "$("$fumidai" env --data-dir "$world/data")"
cd "$world"
touch "$names"
# shellcheck disable=SC1090
. "$names"

aws() { /usr/bin/aws "$@"; }
ssh() { /usr/bin/ssh -F "$world/ssh_config" "$@"; }
scp() { /usr/bin/scp -q -F "$world/ssh_config" "$@"; }
[ -e ssh_config ] || cat >ssh_config <<'CONFIG'
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
IdentitiesOnly yes
BatchMode yes
ConnectTimeout 3
LogLevel ERROR
CONFIG

# ---- saying and asserting

say() { echo "== $*"; }

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# skip WHY: it cannot be tried here
skip() {
  echo "skipped: $*"
  exit 77
}

# is WHAT EXPECTED SEEN
is() {
  [ "$2" = "$3" ] || fail "$1: expected '$2', and it is '$3'"
  echo "   $1: ${3:-nothing}"
}

# has WHAT TEXT SEEN: that the text is within it
has() {
  [[ "$3" == *"$2"* ]] || fail "$1: expected '$2' in '$3'"
  echo "   $1: ${3//$'\n'/ }"
}

# refused TEXT COMMAND...: that it fails, and says the text; $refused_with is its exit status
refused() {
  local text=$1 output
  shift
  output=$("$@" 2>&1) && fail "was not refused: $* (it printed: $output)"
  refused_with=$?
  has "$1 ${2:-} ${3:-}" "$text" "$output"
}

# eventually WHAT SECONDS COMMAND...
eventually() {
  local what=$1 end=$((SECONDS + $2))
  shift 2
  until "$@"; do
    [ $SECONDS -lt $end ] || fail "$what: not in time"
    sleep 0.2
  done
}

# What a case injects it takes back, in reverse, however it ends.
undone=()
undo() { undone+=("$(printf '%q ' "$@")"); }
take_back() {
  local status=$? at
  set +e
  for ((at = ${#undone[@]} - 1; at >= 0; at--)); do eval "${undone[at]}" >/dev/null; done
  exit $status
}
trap take_back EXIT

# end PID: of what may have ended
end() { kill "$1" 2>/dev/null || true; }

# Variables that later cases find again; forget: they are no more.
keep() {
  local name
  for name in "$@"; do printf '%s=%q\n' "$name" "${!name}" >>"$names"; done
}
forget() {
  local name
  for name in "$@"; do
    sed -i "/^$name=/d" "$names"
    unset "$name"
  done
}

# ---- doctor

bastion='bastion'
endpoints='session manager through interface endpoints'
nat='session manager through a NAT gateway'

# judged WORDS...: what doctor says, for programs. Whether all is well it says by its status, too; without an answer it fails.
judged() {
  local answer
  answer=$("$fumidai" doctor --json "$@") || [ -n "$answer" ] || return 1
  printf '%s\n' "$answer"
}

# doctor METHOD TARGET [NEED SUBJECT CAUSE]...: that just these are what it lacks (and, as their effect, the agent's connection), for
# these causes (of a way: the words of its hops that block; - of what is no way), and that real packets say the same as the model.
# None: that it works.
doctor() {
  local method=$1 target=$2 expected lacks report
  shift 2
  report=$(judged "$target")
  is "doctor: requirements that packets contradict" "" "$(jq -r '.Targets[].Methods[] | .Method as $method
      | .Requirements[] | select(.Observed.Disagrees) | "\($method): \(.Need) \(.Subject) \(.Reason), but \(.Observed.How)"' <<<"$report")"
  lacks=$(jq -r --arg method "$method" '.Targets[].Methods[] | select(.Method == $method).Requirements[]
      | select(.Standing == "unmet") | "\(.Need) \(.Subject): \([.Hops[].Cause | values] | if . == [] then "-" else join(" ") end)"' <<<"$report")
  [ $# = 0 ] || lacks=$(grep -v "^agent's connection " <<<"$lacks" || true)
  expected=$(while [ $# -gt 0 ]; do echo "$1 $2: $3"; shift 3; done)
  is "doctor: what $method lacks" "$(sort <<<"$expected")" "$(sort <<<"$lacks")"
  [ -n "$expected" ] || is "doctor: $method works" true \
    "$(jq -r --arg method "$method" '.Targets[].Methods[] | select(.Method == $method).Works' <<<"$report")"
}

# would_mend METHOD TARGET TEXT: that doctor's commands against the first that it lacks say this
would_mend() {
  has "doctor would mend it by" "$3" "$(judged "$2" | jq -r --arg method "$1" \
    '[.Targets[].Methods[] | select(.Method == $method).Requirements[] | select(.Standing == "unmet")][0].Mend[]')"
}

# advised METHOD TARGET NEED SUBJECT TEXT: that doctor says this beside
advised() {
  has "doctor advises" "$5" "$(judged "$2" | jq -r --arg method "$1" --arg need "$3" --arg subject "$4" \
    '.Targets[].Methods[] | select(.Method == $method).Requirements[] | select(.Standing == "advice" and .Need == $need and .Subject == $subject).Reason')"
}

# ---- the parts of the walkthrough; each is made once, when the first case asks for it

has_network() {
  [ -z "${PRI:-}" ] || return 0
  say "the network that everything below stands in"
  VPC=$(aws ec2 create-vpc --cidr-block 10.0.0.0/16 --tag-specifications 'ResourceType=vpc,Tags=[{Key=Name,Value=lab}]' --query Vpc.VpcId --output text)
  aws ec2 wait vpc-available --vpc-ids "$VPC"
  aws ec2 modify-vpc-attribute --vpc-id "$VPC" --enable-dns-support '{"Value":true}'
  aws ec2 modify-vpc-attribute --vpc-id "$VPC" --enable-dns-hostnames '{"Value":true}'
  PUB=$(aws ec2 create-subnet --vpc-id "$VPC" --cidr-block 10.0.0.0/24 --availability-zone us-east-1a --query Subnet.SubnetId --output text)
  PRI=$(aws ec2 create-subnet --vpc-id "$VPC" --cidr-block 10.0.1.0/24 --availability-zone us-east-1a --query Subnet.SubnetId --output text)
  aws ec2 modify-subnet-attribute --subnet-id "$PUB" --map-public-ip-on-launch
  IGW=$(aws ec2 create-internet-gateway --query InternetGateway.InternetGatewayId --output text)
  aws ec2 attach-internet-gateway --internet-gateway-id "$IGW" --vpc-id "$VPC"
  RTPUB=$(aws ec2 create-route-table --vpc-id "$VPC" --query RouteTable.RouteTableId --output text)
  aws ec2 create-route --route-table-id "$RTPUB" --destination-cidr-block 0.0.0.0/0 --gateway-id "$IGW" >/dev/null
  PUBASSOC=$(aws ec2 associate-route-table --route-table-id "$RTPUB" --subnet-id "$PUB" --query AssociationId --output text)
  RTPRI=$(aws ec2 create-route-table --vpc-id "$VPC" --query RouteTable.RouteTableId --output text)
  PRIASSOC=$(aws ec2 associate-route-table --route-table-id "$RTPRI" --subnet-id "$PRI" --query AssociationId --output text)
  AMI=$(aws ec2 describe-images --owners amazon --query 'sort_by(Images,&CreationDate)[-1].ImageId' --output text)
  keep VPC PUB PRI IGW RTPUB PUBASSOC RTPRI PRIASSOC AMI
}

has_bastion() {
  has_network
  [ -z "${PRVIP:-}" ] || return 0
  say "a bastion in the public subnet, and an instance in the private one"
  SGB=$(aws ec2 create-security-group --group-name bastion-sg --description bastion --vpc-id "$VPC" --query GroupId --output text)
  SGP=$(aws ec2 create-security-group --group-name private-sg --description private --vpc-id "$VPC" --query GroupId --output text)
  aws ec2 authorize-security-group-ingress --group-id "$SGB" --protocol tcp --port 22 --cidr "$MYIP/32" >/dev/null
  aws ec2 authorize-security-group-ingress --group-id "$SGP" --protocol tcp --port 22 --source-group "$SGB" >/dev/null
  rm -f bastion.pem private.pem
  aws ec2 create-key-pair --key-name bastion-key --query KeyMaterial --output text >bastion.pem
  aws ec2 create-key-pair --key-name private-key --query KeyMaterial --output text >private.pem
  chmod 600 bastion.pem private.pem
  BAS=$(aws ec2 run-instances --image-id "$AMI" --instance-type t3.micro --key-name bastion-key --subnet-id "$PUB" --security-group-ids "$SGB" --associate-public-ip-address --query 'Instances[0].InstanceId' --output text)
  PRV=$(aws ec2 run-instances --image-id "$AMI" --instance-type t3.micro --key-name private-key --subnet-id "$PRI" --security-group-ids "$SGP" --query 'Instances[0].InstanceId' --output text)
  aws ec2 wait instance-running --instance-ids "$BAS" "$PRV"
  BASIP=$(aws ec2 describe-instances --instance-ids "$BAS" --query 'Reservations[0].Instances[0].PublicIpAddress' --output text)
  PRVIP=$(aws ec2 describe-instances --instance-ids "$PRV" --query 'Reservations[0].Instances[0].PrivateIpAddress' --output text)
  eventually "the bastion's sshd" 20 ssh -i bastion.pem "ec2-user@$BASIP" true 2>/dev/null
  scp -i bastion.pem private.pem "ec2-user@$BASIP:.ssh/"
  scp -i bastion.pem ssh_config "ec2-user@$BASIP:.ssh/config"
  keep SGB SGP BAS PRV BASIP PRVIP
}

# Where the person is, as a lab sees it.
MYIP=198.51.100.1

on_bastion() { ssh -i bastion.pem "ec2-user@$BASIP" "$@"; }

has_role() {
  [ -z "${ROLE:-}" ] || return 0
  say "a role for instances that run an agent"
  cat >trust.json <<'J'
{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}
J
  aws iam create-role --role-name ssm-role --assume-role-policy-document file://trust.json >/dev/null
  aws iam attach-role-policy --role-name ssm-role --policy-arn arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore
  aws iam create-instance-profile --instance-profile-name ssm-profile >/dev/null
  aws iam add-role-to-instance-profile --instance-profile-name ssm-profile --role-name ssm-role
  aws iam wait instance-profile-exists --instance-profile-name ssm-profile
  ROLE=ssm-role
  keep ROLE
}

# An instance without a key and without an inbound rule.
has_instance() {
  has_network
  has_role
  [ -z "${INS:-}" ] || return 0
  say "an instance that nobody can connect to"
  SGI=$(aws ec2 create-security-group --group-name ssm-instance-sg --description "no inbound" --vpc-id "$VPC" --query GroupId --output text)
  INS=$(aws ec2 run-instances --image-id "$AMI" --instance-type t3.micro --subnet-id "$PRI" --security-group-ids "$SGI" --iam-instance-profile Name=ssm-profile --query 'Instances[0].InstanceId' --output text)
  aws ec2 wait instance-running --instance-ids "$INS"
  keep SGI INS
}

endpoint() {
  aws ec2 create-vpc-endpoint --vpc-id "$VPC" --vpc-endpoint-type Interface --service-name "com.amazonaws.us-east-1.$1" \
    --subnet-ids "$PRI" --security-group-ids "$SGE" --private-dns-enabled --query VpcEndpoint.VpcEndpointId --output text
}

endpoint_states() { aws ec2 describe-vpc-endpoints --filters "Name=vpc-id,Values=$VPC" --query "VpcEndpoints[?State!='deleted'].State" --output text; }
are_available() { [ "$(endpoint_states)" = $'available\tavailable\tavailable' ]; }

has_endpoints() {
  has_instance
  [ -z "${EP_SSM:-}" ] || return 0
  has_no_nat
  say "three interface endpoints"
  if [ -z "${SGE:-}" ]; then
    SGE=$(aws ec2 create-security-group --group-name vpce-sg --description "interface endpoints" --vpc-id "$VPC" --query GroupId --output text)
    aws ec2 authorize-security-group-ingress --group-id "$SGE" --protocol tcp --port 443 --cidr 10.0.1.0/24 >/dev/null
    aws ec2 revoke-security-group-egress --group-id "$SGE" --protocol all --cidr 0.0.0.0/0 >/dev/null
    aws ec2 authorize-security-group-egress --group-id "$SGE" --protocol tcp --port 443 --cidr 0.0.0.0/0 >/dev/null
    keep SGE
  fi
  EP_SSM=$(endpoint ssm)
  EP_SSMMESSAGES=$(endpoint ssmmessages)
  EP_EC2MESSAGES=$(endpoint ec2messages)
  keep EP_SSM EP_SSMMESSAGES EP_EC2MESSAGES
  eventually "the endpoints are available" 30 are_available
}

# has_endpoint_again VARIABLE SERVICE
has_endpoint_again() {
  eventually "the old endpoint is gone" 20 has_fewer_endpoints
  printf -v "$1" %s "$(endpoint "$2")"
  keep "$1"
  eventually "the endpoints are available" 30 are_available
}
has_fewer_endpoints() { [ "$(endpoint_states | wc -w)" -lt 3 ]; }

has_no_endpoints() {
  [ -n "${EP_SSM:-}" ] || return 0
  say "without the endpoints"
  aws ec2 delete-vpc-endpoints --vpc-endpoint-ids "$EP_SSM" "$EP_SSMMESSAGES" "$EP_EC2MESSAGES" >/dev/null
  forget EP_SSM EP_SSMMESSAGES EP_EC2MESSAGES
}

# The CLI's waiters look every 15 s only.
gateway_state() { aws ec2 describe-nat-gateways --nat-gateway-ids "$1" --query 'NatGateways[0].State' --output text; }
gateway_is() { [ "$(gateway_state "$1")" = "$2" ]; }

has_nat() {
  has_network
  [ -z "${NAT:-}" ] || return 0
  say "a NAT gateway in the public subnet, and the private subnet's route to it"
  EIP=$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)
  NAT=$(aws ec2 create-nat-gateway --subnet-id "$PUB" --allocation-id "$EIP" --query NatGateway.NatGatewayId --output text)
  eventually "the gateway is available" 30 gateway_is "$NAT" available
  aws ec2 create-route --route-table-id "$RTPRI" --destination-cidr-block 0.0.0.0/0 --nat-gateway-id "$NAT" >/dev/null
  keep EIP NAT
}

has_no_nat() {
  [ -n "${NAT:-}" ] || return 0
  say "without the NAT gateway"
  aws ec2 delete-route --route-table-id "$RTPRI" --destination-cidr-block 0.0.0.0/0
  gateway_is "$NAT" deleted || aws ec2 delete-nat-gateway --nat-gateway-id "$NAT" >/dev/null
  eventually "the gateway is deleted" 30 gateway_is "$NAT" deleted
  aws ec2 release-address --allocation-id "$EIP"
  forget NAT EIP
}

# A method of its own in the VPC: through endpoints only, or through a NAT gateway only.
has_only_endpoints() {
  has_no_nat # before an agent connects through it
  has_endpoints
}
has_only_nat() {
  has_instance
  has_no_endpoints
  has_nat
}
has_neither() {
  has_instance
  has_no_endpoints
  has_no_nat
}

# launch OPTIONS...: a further instance in the private subnet for this case alone, $I
launch() {
  I=$(aws ec2 run-instances --image-id "$AMI" --instance-type t3.micro --subnet-id "$PRI" "$@" --query 'Instances[0].InstanceId' --output text)
  undo aws ec2 terminate-instances --instance-ids "$I"
  aws ec2 wait instance-running --instance-ids "$I"
}
launch_with_role() { launch --security-group-ids "$SGI" --iam-instance-profile Name=ssm-profile "$@"; }

# ---- connect endpoints, by an AWS CLI that knows them: FUMIDAI_TEST_AWS2 names one of version 2.12 or newer

connect='connect endpoint'

# Its tunnels trust the system's authorities, whatever the environment names.
aws2() { timeout 60 env -u SSL_CERT_FILE "PATH=$(dirname "$FUMIDAI_TEST_AWS2"):$PATH" "$FUMIDAI_TEST_AWS2" "$@"; }
open_tunnel() { aws2 ec2-instance-connect open-tunnel --instance-id "$I2" "$@"; }
describe_endpoint() { aws2 ec2 describe-instance-connect-endpoints --instance-connect-endpoint-ids "$1" --query "InstanceConnectEndpoints[0].$2" --output text; }
endpoint_is() { [ "$(describe_endpoint "$1" State)" = "$2" ]; }

make_connect_endpoint() {
  EICE=$(aws2 ec2 create-instance-connect-endpoint --subnet-id "$PRI" --security-group-ids "$SGEIC" --query InstanceConnectEndpoint.InstanceConnectEndpointId --output text)
}

has_connect_endpoint() {
  [ -n "${FUMIDAI_TEST_AWS2:-}" ] || skip "FUMIDAI_TEST_AWS2 names no AWS CLI of 2.12 or newer"
  has_network
  [ -z "${EICE:-}" ] || return 0
  say "an instance that only a connect endpoint leads to: no role, no agent, no key, no public address"
  SGEIC=$(aws ec2 create-security-group --group-name eice-sg --description "EIC endpoint" --vpc-id "$VPC" --query GroupId --output text)
  SGI2=$(aws ec2 create-security-group --group-name eic-instance-sg --description "ssh from EICE" --vpc-id "$VPC" --query GroupId --output text)
  aws ec2 revoke-security-group-egress --group-id "$SGEIC" --protocol all --cidr 0.0.0.0/0 >/dev/null
  aws ec2 authorize-security-group-egress --group-id "$SGEIC" --protocol tcp --port 22 --source-group "$SGI2" >/dev/null
  aws ec2 authorize-security-group-ingress --group-id "$SGI2" --protocol tcp --port 22 --source-group "$SGEIC" >/dev/null
  I2=$(aws ec2 run-instances --image-id "$AMI" --instance-type t3.micro --subnet-id "$PRI" --security-group-ids "$SGI2" --query 'Instances[0].InstanceId' --output text)
  aws ec2 wait instance-running --instance-ids "$I2"
  I2IP=$(aws ec2 describe-instances --instance-ids "$I2" --query 'Reservations[0].Instances[0].PrivateIpAddress' --output text)
  make_connect_endpoint
  eventually "the endpoint is complete" 30 endpoint_is "$EICE" create-complete
  learn_endpoint
  [ -e tmpkey ] || ssh-keygen -q -t ed25519 -N '' -f tmpkey
  keep SGEIC SGI2 I2 I2IP EICE
  eventually "the instance's sshd" 20 answers_by_tunnel
}
# Where its name leads, a workstation has to know.
learn_endpoint() { echo "198.51.100.10 $(describe_endpoint "$EICE" DnsName)" >>/etc/hosts; }
answers_by_tunnel() { [[ "$(open_tunnel --max-tunnel-duration 2 </dev/null 2>/dev/null)" == SSH-2.0-* ]]; }

push_key() { aws ec2-instance-connect send-ssh-public-key --instance-id "$I2" --instance-os-user "${1:-ec2-user}" --ssh-public-key file://tmpkey.pub >/dev/null; }
# by_tunnel COMMAND...: by ssh with the key that was pushed, open-tunnel is its ProxyCommand
by_tunnel() {
  env -u SSL_CERT_FILE "PATH=$(dirname "$FUMIDAI_TEST_AWS2"):$PATH" /usr/bin/ssh -F "$world/ssh_config" -o ConnectTimeout=20 -i tmpkey \
    -o ProxyCommand="aws ec2-instance-connect open-tunnel --instance-id $I2 ${TUNNEL_OPTIONS:-}" "ec2-user@$I2" "$@"
}
is_told_why() { [[ "$(by_tunnel true 2>&1)" == *"Websocket Closure Reason: "*"$I2IP port 22"* ]]; }
is_open() { push_key && by_tunnel true 2>/dev/null; }

# ---- users

# has_user NAME POLICY: for this case
has_user() {
  aws iam create-user --user-name "$1" >/dev/null
  aws iam put-user-policy --user-name "$1" --policy-name sessions --policy-document "$2"
  local id secret
  read -r id secret < <(aws iam create-access-key --user-name "$1" --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text)
  aws configure set aws_access_key_id "$id" --profile "$1"
  aws configure set aws_secret_access_key "$secret" --profile "$1"
  undo aws iam delete-user --user-name "$1"
  undo aws iam delete-user-policy --user-name "$1" --policy-name sessions
  undo aws iam delete-access-key --user-name "$1" --access-key-id "$id"
}

# as NAME COMMAND...
as() {
  local AWS_PROFILE=$1
  shift
  export AWS_PROFILE
  "$@"
}

# ---- sessions

connection_of() { aws ssm get-connection-status --target "$1" --query Status --output text; }
ping_status_of() { aws ssm describe-instance-information --filters "Key=InstanceIds,Values=$1" --query 'InstanceInformationList[].PingStatus' --output text; }
is_connected() { [ "$(connection_of "$1")" = connected ]; }
is_online() { [ "$(ping_status_of "$1")" = Online ]; }

# Types the line into a session's shell and prints what comes; a terminal, as for a person.
in_session() {
  printf '%s; exit\n' "$2" | timeout 12 script -qec "/usr/bin/aws ssm start-session --target $1" /dev/null 2>&1 | tr -d '\r'
}

# A connection whose way has just gone counts as one until a heartbeat is missed: then a shell takes a second attempt.
works() {
  eventually "the agent's control channel" 60 is_connected "$1"
  eventually "the agent's report" 30 is_online "$1"
  eventually "a shell by start-session" 60 has_shell "$1"
  echo "   a shell by start-session: on $1"
}
# The sum is not in what was typed: the shell said it.
has_shell() {
  local said
  said=$(in_session "$1" "echo \$((6500+36))-\$(cat /sys/devices/virtual/dmi/id/board_asset_tag)" || true)
  [[ "$said" == *"6536-$1"* ]]
}

# What agents try within these seconds does not come about.
stays_away() {
  sleep "${2:-3}"
  is "get-connection-status" notconnected "$(connection_of "$1")"
  refused "TargetNotConnected" aws ssm start-session --target "$1"
}
not_listed() { is "describe-instance-information" "" "$(ping_status_of "$1")"; }
# agent_refused INSTANCE ACTION: that its agent says so, on its console
agent_refused() {
  has "the agent" "is not authorized to perform: $2" \
    "$(aws ec2 get-console-output --instance-id "$1" --query Output --output text | grep "is not authorized" | tail -n 1 || true)"
}

interface_of() { aws ec2 describe-instances --instance-ids "$1" --query 'Reservations[0].Instances[0].NetworkInterfaces[0].NetworkInterfaceId' --output text; }

# metadata INSTANCE PATH: as a program on it reads it; the last line is the status
metadata() {
  local space token
  space=fumidai-lab-$(interface_of "$1")
  token=$(ip netns exec "$space" curl -s -m 3 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
  ip netns exec "$space" curl -s -m 3 -w '\n%{http_code}' -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/$2"
}
