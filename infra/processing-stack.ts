import { Stack, type StackProps } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { BatchJobs } from './batch-jobs.ts';
import type { Deployment } from './deployment.ts';
import { FlowFunctions } from './flow-functions.ts';
import type { NetworkStack } from './network-stack.ts';
import { allowJob } from './permissions.ts';
import type { StorageStack } from './storage-stack.ts';

export interface ProcessingStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
  readonly network: NetworkStack;
  readonly functionsFolder: string;
}

const gigabyte = 1e9;

/** What computes: functions, jobs and the analysts' workgroup. Holds no data. */
export class ProcessingStack extends Stack {
  readonly jobs: BatchJobs;
  readonly functions: FlowFunctions;
  readonly jobRole: Role;

  constructor(scope: Construct, id: string, props: ProcessingStackProps) {
    super(scope, id, props);
    const { deployment, storage, network, functionsFolder } = props;
    const rawUri = `s3://${storage.rawName}`;
    const warehouseUri = `s3://${storage.warehouseName}`;
    this.jobRole = new Role(this, 'JobRole', {
      roleName: `${deployment.name}-job`,
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    });
    allowJob(this.jobRole, storage);
    this.jobs = new BatchJobs(this, 'Jobs', { deployment, network, role: this.jobRole, rawUri, warehouseUri });
    this.functions = new FlowFunctions(this, 'Functions', {
      deployment,
      storage,
      jobs: this.jobs,
      rawUri,
      warehouseUri,
      functionsFolder,
    });
    new CfnWorkGroup(this, 'Analysts', {
      name: `${deployment.name}-analysts`,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: deployment.athena_scan_gigabytes_max * gigabyte,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: `${warehouseUri}/query-results/`,
          encryptionConfiguration: { encryptionOption: 'SSE_KMS', kmsKey: storage.key.keyArn },
        },
      },
    });
  }
}
