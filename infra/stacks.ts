import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Deployment } from './deployment.ts';
import { EdgeStack } from './edge-stack.ts';
import { NetworkStack } from './network-stack.ts';
import { ProcessingStack } from './processing-stack.ts';
import { StorageStack } from './storage-stack.ts';
import { WatchStack } from './watch-stack.ts';

export interface CubelakeStacks {
  readonly storage: StorageStack;
  readonly network: NetworkStack;
  readonly processing: ProcessingStack;
  /** null where the deployment has no Kafka. */
  readonly edge: EdgeStack | null;
  readonly watch: WatchStack;
}

/** Ways of newer versions of the library that would change resources of older deployments; this one starts with them. */
const features = [
  '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy',
  '@aws-cdk/aws-batch:defaultToAL2023',
  '@aws-cdk/aws-iam:minimizePolicies',
  '@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption',
];

/** @param outFolder Where synthesis writes the templates. */
export function cubelakeApp(outFolder: string): App {
  return new App({ outdir: outFolder, context: Object.fromEntries(features.map((feature) => [feature, true])) });
}

/**
 * All stacks of one deployment. `storage` holds what must outlive every deployment (buckets, keys, queues, tables' names) and
 * is protected against deletion; the others can be destroyed and made again at any time.
 *
 * @param functionsFolder Holds the bundled code of each function in a folder of its name.
 */
export function cubelakeStacks(app: App, deployment: Deployment, functionsFolder: string): CubelakeStacks {
  const props = { env: { account: deployment.account, region: deployment.region }, deployment };
  const stackName = (part: string): string => `${deployment.name}-${part}`;
  const storage = new StorageStack(app, stackName('storage'), { ...props, terminationProtection: true });
  const network = new NetworkStack(app, stackName('network'), { ...props, storage });
  const processing = new ProcessingStack(app, stackName('processing'), { ...props, storage, network, functionsFolder });
  const edge =
    deployment.edge.kafka === 'none' ? null : new EdgeStack(app, stackName('edge'), { ...props, storage, network });
  const watch = new WatchStack(app, stackName('watch'), { ...props, storage, processing, edge });
  Tags.of(app).add('application', deployment.name);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { storage, network, processing, edge, watch };
}
