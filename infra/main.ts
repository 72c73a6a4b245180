// npm run synth -- infra/deployments/NAME.json: the CloudFormation templates of one deployment, into dist/cdk.
import { join } from 'node:path';
import { readDeployment } from './deployment.ts';
import { cubelakeApp, cubelakeStacks } from './stacks.ts';

const root = join(import.meta.dirname, '..');
const path = process.argv[2] ?? join(import.meta.dirname, 'deployments/example.json');
const app = cubelakeApp(join(root, 'dist/cdk'));
cubelakeStacks(app, readDeployment(path), join(root, 'dist/functions'));
app.synth();
