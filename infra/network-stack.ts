import { Stack, type StackProps } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  type IVpc,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { Deployment } from './deployment.ts';
import type { StorageStack } from './storage-stack.ts';

export interface NetworkStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
}

/** Interface endpoints that a Batch host needs to start a container without a way to the internet. */
const interfaceServices = {
  Ecr: InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Ecs: InterfaceVpcEndpointAwsService.ECS,
  EcsAgent: InterfaceVpcEndpointAwsService.ECS_AGENT,
  EcsTelemetry: InterfaceVpcEndpointAwsService.ECS_TELEMETRY,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
} as const;

/**
 * A network without a way to the internet: cubes travel through the free S3 gateway, terabytes through a NAT gateway would
 * cost more than computing them.
 */
export class NetworkStack extends Stack {
  readonly vpc: IVpc;
  readonly jobs: SecurityGroup;
  /** Of the service endpoints: who is to call services is let in by rule. */
  readonly endpoints: SecurityGroup;

  constructor(scope: Construct, id: string, { deployment, storage, ...props }: NetworkStackProps) {
    super(scope, id, props);
    // The cast is for a library that does not know exact optional properties.
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.40.0.0/16'),
      // Named, so that synthesis asks nobody; more zones are more Spot pools.
      availabilityZones: ['a', 'b', 'c'].map((zone) => `${deployment.region}${zone}`),
      natGateways: 0,
      subnetConfiguration: [{ name: 'jobs', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 20 }],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
      restrictDefaultSecurityGroup: false,
    }) as IVpc;
    this.vpc.addFlowLog('FlowLog', {
      destination: FlowLogDestination.toS3(storage.logs, 'network/'),
    });
    this.jobs = new SecurityGroup(this, 'Jobs', {
      vpc: this.vpc,
      description: 'Batch hosts: nothing comes in',
      allowAllOutbound: true,
    });
    this.endpoints = new SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc,
      description: 'Service endpoints, for those with a rule',
      allowAllOutbound: false,
    });
    this.endpoints.addIngressRule(this.jobs, Port.HTTPS, 'Jobs call services');
    for (const [name, service] of Object.entries(interfaceServices)) {
      this.vpc.addInterfaceEndpoint(name, { service, securityGroups: [this.endpoints], open: false });
    }
    acknowledge(this.jobs, 'Hosts have no route beyond the endpoints.', 'AwsSolutions-EC23');
  }
}
