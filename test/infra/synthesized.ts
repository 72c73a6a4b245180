import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { type Deployment, readDeployment } from '../../infra/deployment.ts';
import { cubelakeApp, cubelakeStacks } from '../../infra/stacks.ts';

export interface Synthesized {
  readonly storage: Template;
  readonly network: Template;
  readonly processing: Template;
  /** null where the deployment has no Kafka. */
  readonly edge: Template | null;
  readonly watch: Template;
}

const example = join(import.meta.dirname, '../../infra/deployments/example.json');

/** Templates of the example deployment with some facts changed. The code of the functions is beside the point. */
export function synthesize(changes: Partial<Deployment> = {}): Synthesized {
  const folder = mkdtempSync(join(tmpdir(), 'cubelake-infra-'));
  for (const name of ['manifest-batcher', 'manifest-settler', 'reconciler']) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'main.mjs'), 'export const handler = async () => {};\n');
  }
  const app = cubelakeApp(join(folder, 'cdk'));
  const stacks = cubelakeStacks(app, { ...readDeployment(example), ...changes }, folder);
  // Throws where a rule of AwsSolutions finds something that nobody has explained.
  app.synth();
  return {
    storage: Template.fromStack(stacks.storage),
    network: Template.fromStack(stacks.network),
    processing: Template.fromStack(stacks.processing),
    edge: stacks.edge === null ? null : Template.fromStack(stacks.edge),
    watch: Template.fromStack(stacks.watch),
  };
}
