"""What the answers of EC2's Describe actions hold, so that tools find what they read: written as in `a{b,c?{d}}`."""

# A name is in every entry; one with a ? in some entry. api-surface.md 2.1 to 2.4, ec2-instance-connect.md 3.1.
MEMBERS = {
    "DescribeVpcs": "vpcSet{vpcId,state,cidrBlock,cidrBlockAssociationSet{associationId,cidrBlock,cidrBlockState{state}},dhcpOptionsId,instanceTenancy,isDefault,ownerId,tagSet}",
    "DescribeSubnets": "subnetSet{subnetId,subnetArn,vpcId,cidrBlock,availabilityZone,availabilityZoneId,availableIpAddressCount,mapPublicIpOnLaunch,state,defaultForAz,ownerId,tagSet}",
    "DescribeInternetGateways": "internetGatewaySet{internetGatewayId,attachmentSet{vpcId,state},ownerId,tagSet}",
    "DescribeRouteTables": "routeTableSet{routeTableId,vpcId,routeSet{destinationCidrBlock,gatewayId?,natGatewayId?,state,origin},"
                           "associationSet{routeTableAssociationId,routeTableId,subnetId?,main,associationState{state}},ownerId,tagSet}",
    "DescribeNetworkAcls": "networkAclSet{networkAclId,vpcId,default,entrySet{cidrBlock,egress,protocol,ruleAction,ruleNumber},"
                           "associationSet{networkAclAssociationId,networkAclId,subnetId},ownerId,tagSet}",
    "DescribeAddresses": "addressesSet{allocationId,publicIp,domain,networkBorderGroup,publicIpv4Pool,associationId?,networkInterfaceId?,networkInterfaceOwnerId?,privateIpAddress?,tagSet}",
    "DescribeNatGateways": "natGatewaySet{natGatewayId,state,subnetId,vpcId,connectivityType,createTime,natGatewayAddressSet{allocationId?,networkInterfaceId,privateIp,publicIp?},failureCode?,failureMessage?,tagSet}",
    "DescribeNetworkInterfaces": "networkInterfaceSet{networkInterfaceId,subnetId,vpcId,availabilityZone,description,ownerId,interfaceType,requesterManaged,status,macAddress,privateIpAddress,privateDnsName,sourceDestCheck,"
                                 "groupSet{groupId,groupName},attachment{attachmentId,instanceOwnerId,deviceIndex,status,attachTime,deleteOnTermination},"
                                 "association?{allocationId,associationId,ipOwnerId,publicIp},privateIpAddressesSet{privateIpAddress,primary},tagSet}",
    "DescribeAccountAttributes": "accountAttributeSet{attributeName,attributeValueSet{attributeValue}}",
    "DescribeAvailabilityZones": "availabilityZoneInfo{zoneName,zoneId,zoneState,regionName}",
    "DescribeRegions": "regionInfo{regionName,regionEndpoint,optInStatus}",
    "DescribeSecurityGroups": "securityGroupInfo{groupId,groupName,groupDescription,vpcId,ownerId,ipPermissions{ipProtocol,fromPort?,toPort?,groups,ipRanges,ipv6Ranges,prefixListIds},"
                              "ipPermissionsEgress{ipProtocol,groups,ipRanges,ipv6Ranges,prefixListIds},tagSet,securityGroupArn}",
    "DescribeSecurityGroupRules": "securityGroupRuleSet{securityGroupRuleId,groupId,groupOwnerId,isEgress,ipProtocol,fromPort?,toPort?,cidrIpv4?,referencedGroupInfo?{groupId,userId},description?,tagSet}",
    "DescribeKeyPairs": "keySet{keyName,keyPairId,keyType,keyFingerprint,createTime,tagSet}",
    "DescribeImages": "imagesSet{imageId,name,description,architecture,imageState,imageOwnerId,rootDeviceName,rootDeviceType,virtualizationType,platformDetails,creationDate}",
    "DescribeInstanceTypes": "instanceTypeSet{instanceType,currentGeneration,processorInfo{supportedArchitectures},vCpuInfo{defaultVCpus},memoryInfo{sizeInMiB},networkInfo}",
    "DescribeInstances": "reservationSet{reservationId,ownerId,groupSet,instancesSet{instanceId,imageId,instanceState{code,name},privateDnsName,dnsName,reason,keyName?,amiLaunchIndex,productCodes,instanceType,launchTime,"
                         "placement{availabilityZone,groupName,tenancy},monitoring{state},subnetId,vpcId,privateIpAddress,ipAddress?,sourceDestCheck,groupSet{groupId,groupName},architecture,rootDeviceType,rootDeviceName,"
                         "blockDeviceMapping,virtualizationType,hypervisor,clientToken,tagSet,networkInterfaceSet{networkInterfaceId,subnetId,vpcId,description,ownerId,status,interfaceType,macAddress,privateIpAddress,"
                         "privateDnsName,sourceDestCheck,groupSet{groupId,groupName},attachment{attachmentId,deviceIndex,status,attachTime,deleteOnTermination},association?{ipOwnerId,publicDnsName,publicIp},"
                         "privateIpAddressesSet{privateIpAddress,privateDnsName,primary}},iamInstanceProfile?{arn,id},ebsOptimized,metadataOptions{state,httpTokens,httpPutResponseHopLimit,httpEndpoint,instanceMetadataTags}}}",
    "DescribeInstanceStatus": "instanceStatusSet{instanceId,availabilityZone,instanceState{code,name},instanceStatus{status,details},systemStatus{status,details}}",
    "DescribeIamInstanceProfileAssociations": "iamInstanceProfileAssociationSet{associationId,instanceId,iamInstanceProfile{arn,id},state}",
    "DescribeTags": "tagSet{resourceId,resourceType,key,value}",
    "DescribeVpcEndpoints": "vpcEndpointSet{vpcEndpointId,vpcEndpointType,vpcId,serviceName,state,policyDocument,routeTableIdSet,subnetIdSet,groupSet{groupId,groupName},privateDnsEnabled,requesterManaged,"
                            "networkInterfaceIdSet,dnsEntrySet{dnsName,hostedZoneId},creationTimestamp,ownerId,tagSet,ipAddressType,dnsOptions}",
    "DescribeVpcEndpointServices": "serviceNameSet,serviceDetailSet{serviceName,serviceType{serviceType},availabilityZoneSet,owner,privateDnsName,vpcEndpointPolicySupported,acceptanceRequired}",
    "DescribeInstanceConnectEndpoints": "instanceConnectEndpointSet{ownerId,instanceConnectEndpointId,instanceConnectEndpointArn,state,dnsName,networkInterfaceIdSet,vpcId,availabilityZone,"
                                        "availabilityZoneId,createdAt,subnetId,preserveClientIp,securityGroupIdSet,tagSet,ipAddressType,publicDnsNames{ipv4{dnsName}}}",
}
# The others can be asked of a store alone.
OF_INSTANCES = {"DescribeInstances", "DescribeInstanceStatus", "DescribeIamInstanceProfileAssociations"}


def parsed(text):
    """{"a": (False, {"b": (False, {}), "c": (True, {"d": …})})} of "a{b,c?{d}}"."""
    shape, rest = {}, text
    while rest:
        end = next((at for at, c in enumerate(rest) if c in "{,"), len(rest))
        name, rest = rest[:end], rest[end:]
        inner = ""
        if rest.startswith("{"):
            depth = 0
            for at, c in enumerate(rest):
                depth += {"{": 1, "}": -1}.get(c, 0)
                if depth == 0:
                    break
            inner, rest = rest[1:at], rest[at + 1:]
        shape[name.rstrip("?")] = (name.endswith("?"), parsed(inner))
        rest = rest.removeprefix(",")
    return shape


def entries_of(value):
    """Of a list, as house.query reads it."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value["item"]] if set(value) == {"item"} else [value]
    return []


def lacking(entries, shape, at):
    if not entries:
        yield f"{at} is empty"
        return
    for name, (is_rare, inner) in shape.items():
        found = [entry[name] for entry in entries if name in entry]
        if len(found) < (1 if is_rare else len(entries)):
            yield f"{at}.{name}"
        elif inner:
            yield from lacking([entry for value in found for entry in entries_of(value)], inner, f"{at}.{name}")


def missing(action, answer):
    """The members that an answer to this action should hold and does not."""
    return list(lacking([answer], parsed(MEMBERS[action]), action))
