"""Deploys the synthesized stacks to moto's CloudFormation, one after the other, and asks its services what was made.

usage: deploy_on_moto.py CDK_FOLDER, whose deployment is named cubelake, in account 123456789012, with Kafka
"""

import io
import json
import os
import sys
import zipfile
from pathlib import Path

os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-east-1")

import boto3
from moto import mock_aws
from moto.cloudformation.parsing import get_model_map

ACCOUNT = "123456789012"
STACKS = ("storage", "network", "processing", "edge", "watch")

# What moto 5.2.5 cannot make: these are left out of the templates. A change of this list is a change of what is shown.
NOT_MADE = {
    "storage": {"AWS::Glue::Database": 3, "AWS::S3::BucketPolicy": 3, "AWS::SQS::QueuePolicy": 4},
    # Known to moto's CloudFormation, but it fails on a log that goes to a bucket.
    "network": {"AWS::EC2::FlowLog": 1},
    "processing": {"AWS::Athena::WorkGroup": 1},
    "edge": {"AWS::MSK::ServerlessCluster": 1},
    "watch": {
        "AWS::Budgets::Budget": 1,
        "AWS::CloudWatch::Alarm": 20,
        "AWS::SNS::Subscription": 1,
        "AWS::SNS::TopicPolicy": 1,
    },
}
UNABLE = {"AWS::EC2::FlowLog"}


def expect(what: str, got: object, wanted: object) -> None:
    if got != wanted:
        sys.exit(f"{what}: expected {wanted}, got {got}")


def bootstrap(folder: Path) -> str:
    """What a bootstrapped account has: the version, the bucket with the functions' code, and the role of Batch."""
    boto3.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
    s3 = boto3.client("s3")
    bucket = f"cdk-hnb659fds-assets-{ACCOUNT}-us-east-1"
    s3.create_bucket(Bucket=bucket)
    for assets in folder.glob("*.assets.json"):
        for asset in json.loads(assets.read_text())["files"].values():
            if asset["source"]["packaging"] != "zip":
                continue
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.write(folder / asset["source"]["path"] / "main.mjs", "main.mjs")
            for place in asset["destinations"].values():
                s3.put_object(Bucket=bucket, Key=place["objectKey"], Body=packed.getvalue())
    role = boto3.client("iam").create_role(RoleName="AWSServiceRoleForBatch", AssumeRolePolicyDocument="{}")
    return role["Role"]["Arn"]


def for_moto(template: dict, left_out: set[str], batch_role: str) -> dict:
    """The template without what moto cannot make, and with what AWS would fill in by itself."""

    def resolved(value: object) -> object:
        if isinstance(value, list):
            return [resolved(each) for each in value]
        if not isinstance(value, dict):
            return value
        name, attribute = value.get("Fn::GetAtt", (value.get("Ref"), None))
        if name in left_out:
            return f"arn:aws:absent:us-east-1:{ACCOUNT}:{name}"
        # A reference gives the same, and moto knows only that.
        if attribute in ("ComputeEnvironmentArn", "JobQueueArn"):
            return {"Ref": name}
        return {key: resolved(each) for key, each in value.items()}

    resources = {name: dict(body) for name, body in template["Resources"].items() if name not in left_out}
    for name, body in resources.items():
        properties = body.get("Properties", {})
        needed = body.pop("DependsOn", [])
        needed = [needed] if isinstance(needed, str) else needed
        if kept := [each for each in needed if each not in left_out]:
            body["DependsOn"] = kept
        match body["Type"]:
            case "AWS::KMS::Key":
                del properties["Tags"]
            case "AWS::SQS::Queue" if properties.get("FifoQueue"):
                properties["QueueName"] = f"{name}.fifo"
            case "AWS::Batch::ComputeEnvironment":
                properties.update(ServiceRole=batch_role, Type=properties["Type"].upper())
    return {**template, "Resources": resolved(resources), "Outputs": resolved(template.get("Outputs", {}))}


def deploy(folder: Path, stack: str, batch_role: str) -> int:
    """Returns how many resources were made."""
    template = json.loads((folder / f"cubelake-{stack}.template.json").read_text())
    makeable = set(get_model_map()) - UNABLE
    left_out = {name: body["Type"] for name, body in template["Resources"].items() if body["Type"] not in makeable}
    counts: dict[str, int] = {}
    for kind in left_out.values():
        counts[kind] = counts.get(kind, 0) + 1
    expect(f"what moto cannot make of {stack}", counts, NOT_MADE[stack])
    body = for_moto(template, set(left_out), batch_role)
    cloudformation = boto3.client("cloudformation")
    name = f"cubelake-{stack}"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_NAMED_IAM"])
    expect(name, cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"], "CREATE_COMPLETE")
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    made = {each["LogicalResourceId"] for page in pages for each in page["StackResourceSummaries"]}
    expect(f"resources of {name}", made, set(body["Resources"]))
    return len(made)


def check_buckets(folder: Path) -> None:
    """moto's CloudFormation passes over lifecycle and versions of a bucket: its S3 gets the template's rules by API, and says them again."""
    s3 = boto3.client("s3")
    raw = f"cubelake-raw-{ACCOUNT}-us-east-1"
    encryption = s3.get_bucket_encryption(Bucket=raw)["ServerSideEncryptionConfiguration"]["Rules"][0]
    expect("key of raw", encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "aws:kms")
    resources = json.loads((folder / "cubelake-storage.template.json").read_text())["Resources"].values()
    [bucket] = [each["Properties"] for each in resources if each.get("Properties", {}).get("BucketName") == raw]
    rules = []
    for rule in bucket["LifecycleConfiguration"]["Rules"]:
        prefix, tags = rule.pop("Prefix", ""), rule.pop("TagFilters", [])
        moves = [{"Days": each["TransitionInDays"], "StorageClass": each["StorageClass"]} for each in rule.pop("Transitions", [])]
        chosen = {"And": {"Prefix": prefix, "Tags": tags}} if tags else {"Prefix": prefix}
        rules.append({"ID": rule.pop("Id"), **rule, "Filter": chosen, **({"Transitions": moves} if moves else {})})
    s3.put_bucket_lifecycle_configuration(Bucket=raw, LifecycleConfiguration={"Rules": rules})
    complete = {"Key": "processing_status", "Value": "complete"}
    wanted = [
        {
            "ID": "complete-cubes-to-glacier",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "raw_cubes/", "Tags": [complete]}},
            "Transitions": [{"Days": 1, "StorageClass": "GLACIER_IR"}, {"Days": 365, "StorageClass": "DEEP_ARCHIVE"}],
        },
        {
            "ID": "abort-unfinished-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
    ]
    expect("lifecycle of raw", s3.get_bucket_lifecycle_configuration(Bucket=raw)["Rules"], wanted)


def check_queues() -> None:
    sqs = boto3.client("sqs")
    facts = []
    for url in sqs.list_queues()["QueueUrls"]:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        redrive = json.loads(attributes.get("RedrivePolicy", "{}")).get("maxReceiveCount")
        facts.append((
            attributes.get("FifoQueue", "false"),
            attributes["VisibilityTimeout"] if redrive else "-",
            str(redrive),
            attributes["MessageRetentionPeriod"],
            "KmsMasterKeyId" in attributes,
        ))
    days = str(14 * 86400)
    wanted = [(fifo, *rest, days, True) for fifo in ("false", "true") for rest in (("-", "None"), ("1800", "5"))]
    expect("queues", sorted(facts), sorted(wanted))


def check_schedules() -> None:
    events = boto3.client("events")
    schedules = {}
    for rule in events.list_rules()["Rules"]:
        [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if "ScheduleExpression" in rule:
            schedules[rule["ScheduleExpression"]] = json.loads(target["Input"])
        else:
            pattern = json.loads(rule["EventPattern"])
            expect("ends of jobs", pattern["detail"]["status"], ["SUCCEEDED", "FAILED"])
            expect("their order", target["SqsParameters"], {"MessageGroupId": "cubelake"})
    wanted = {
        "rate(1 minute)": {"pack": "full"},
        "rate(15 minutes)": {"pack": "flush"},
        "rate(1 hour)": {"observe": True},
        "cron(10 4 * * ? *)": {"reconcile": True},
    }
    expect("schedules", schedules, wanted)


def check_functions() -> None:
    functions = boto3.client("lambda").list_functions()["Functions"]
    names = sorted(each["FunctionName"] for each in functions)
    expect("functions", names, ["cubelake-manifest-batcher", "cubelake-manifest-settler", "cubelake-reconciler"])
    sqs = boto3.client("sqs")
    urls = set(sqs.list_queues()["QueueUrls"])
    for each in functions:
        variables = each["Environment"]["Variables"]
        queues = {variables[name] for name in variables if name.endswith("_URL")}
        expect(f"queues of {each['FunctionName']}", queues, urls)
        expect("raw", variables["CUBELAKE_RAW_URI"], f"s3://cubelake-raw-{ACCOUNT}-us-east-1")
        expect("price", variables["CUBELAKE_JOB_HOUR_USD"], "0.04")


def check_jobs() -> None:
    batch = boto3.client("batch")
    [definition] = batch.describe_job_definitions()["jobDefinitions"]
    expect("attempts", definition["retryStrategy"]["attempts"], 5)
    conditions = [(each["action"].upper(), *(value for key, value in each.items() if key != "action"))
                  for each in definition["retryStrategy"]["evaluateOnExit"]]
    expect("retries", conditions[2:], [("RETRY", "75"), ("EXIT", "*")])
    hosts = batch.describe_compute_environments()["computeEnvironments"]
    kinds = sorted((each["computeResources"]["type"], each["computeResources"]["allocationStrategy"]) for each in hosts)
    expect("hosts", kinds, [("EC2", "BEST_FIT_PROGRESSIVE"), ("SPOT", "SPOT_PRICE_CAPACITY_OPTIMIZED")])
    queues = sorted(each["jobQueueName"] for each in batch.describe_job_queues()["jobQueues"])
    expect("job queues", queues, ["cubelake-cpu-on-demand", "cubelake-cpu-spot"])


def check_network() -> None:
    ec2 = boto3.client("ec2")
    expect("NAT gateways", ec2.describe_nat_gateways()["NatGateways"], [])
    endpoints = sorted(
        each["ServiceName"].removeprefix("com.amazonaws.us-east-1.") for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]
    )
    doors = ["ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "glue", "kafka", "logs", "s3"]
    expect("endpoints", endpoints, doors)
    # Batch has clusters of its own.
    sinks = boto3.client("ecs").list_services(cluster="cubelake-edge")["serviceArns"]
    expect("sinks", [arn.rpartition("/")[2] for arn in sinks], ["cubelake-sink"])


@mock_aws(config={"batch": {"use_docker": False}, "lambda": {"use_docker": False}})
def main(folder: Path) -> None:
    batch_role = bootstrap(folder)
    made = sum(deploy(folder, stack, batch_role) for stack in STACKS)
    check_buckets(folder)
    for check in (check_queues, check_schedules, check_functions, check_jobs, check_network):
        check()
    left_out = sorted({kind for counts in NOT_MADE.values() for kind in counts})
    print(f"{len(STACKS)} stacks with {made} resources deployed on moto, which cannot make {', '.join(left_out)}")


main(Path(sys.argv[1]))
