import { Stack, type StackProps } from 'aws-cdk-lib';
import {
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
} from 'aws-cdk-lib/aws-ec2';
import { CfnServerlessCluster } from 'aws-cdk-lib/aws-msk';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { Watch } from './alarms.ts';
import type { Deployment } from './deployment.ts';
import { EdgeSink } from './edge-sink.ts';
import type { NetworkStack } from './network-stack.ts';
import type { StorageStack } from './storage-stack.ts';

export interface EdgeStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
  readonly network: NetworkStack;
}

/** Brokers of MSK Serverless listen here, over TLS, to requests that IAM's keys have signed, and nowhere else. */
const brokerPort = Port.tcp(9098);

/**
 * Kafka for field machines, and the sink that writes its parts to silver. Brokers have private addresses only: field
 * machines come through a VPN. Made only where the deployment asks for it.
 */
export class EdgeStack extends Stack {
  readonly watches: readonly Watch[];

  constructor(scope: Construct, id: string, { deployment, storage, network, ...props }: EdgeStackProps) {
    const description = 'Kafka of the field machines and its sink; the image must know the command "edge sink"';
    super(scope, id, { ...props, description });
    const group = new SecurityGroup(this, 'SinkNetwork', {
      vpc: network.vpc,
      description: 'The sink: nothing comes in',
      allowAllOutbound: true,
    });
    acknowledge(group, 'There is no route beyond the endpoints and the brokers.', 'AwsSolutions-EC23');
    this.#reachServices(deployment, network, group);
    const clusterName = `${deployment.name}-edge`;
    const sink = new EdgeSink(this, 'Sink', {
      deployment,
      storage,
      network,
      group,
      clusterName,
      clusterArn: this.#brokers(deployment, network, group, clusterName).attrArn,
    });
    this.watches = sink.watches;
  }

  #brokers(
    deployment: Deployment,
    network: NetworkStack,
    sink: SecurityGroup,
    clusterName: string,
  ): CfnServerlessCluster {
    const brokers = new SecurityGroup(this, 'BrokerNetwork', {
      vpc: network.vpc,
      description: 'Brokers, for the sink and for field machines',
      allowAllOutbound: false,
    });
    brokers.addIngressRule(sink, brokerPort, 'The sink reads');
    for (const cidr of deployment.edge.client_cidrs) {
      brokers.addIngressRule(Peer.ipv4(cidr), brokerPort, 'Field machines write');
    }
    return new CfnServerlessCluster(this, 'Brokers', {
      clusterName,
      clientAuthentication: { sasl: { iam: { enabled: true } } },
      vpcConfigs: [
        {
          subnetIds: network.vpc.selectSubnets({ subnetType: SubnetType.PRIVATE_ISOLATED }).subnetIds,
          securityGroups: [brokers.securityGroupId],
        },
      ],
    });
  }

  /** Without a NAT gateway each service that the sink calls needs a door of its own. */
  #reachServices({ catalog }: Deployment, network: NetworkStack, sink: SecurityGroup): void {
    // In this stack, because the other one is there first.
    network.endpoints.addIngressRule(sink, Port.HTTPS, 'The sink calls services', true);
    const services = catalog === 'glue' ? ['kafka', 'glue'] : ['kafka'];
    for (const name of services) {
      new InterfaceVpcEndpoint(this, `Endpoint-${name}`, {
        vpc: network.vpc,
        service: new InterfaceVpcEndpointAwsService(name),
        securityGroups: [network.endpoints],
        subnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
        open: false,
      });
    }
  }
}
