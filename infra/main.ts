// npm run synth -- infra/deployments/NAME.json: the CloudFormation templates of one deployment, into dist/cdk. Checks that run
// beside a deployment name folders of their own: node infra/main.ts DEPLOYMENT OUT FUNCTIONS.
import { join } from 'node:path';
import { readDeployment } from './deployment.ts';
import { cubelakeApp, cubelakeStacks } from './stacks.ts';

const root = join(import.meta.dirname, '..');
const path = process.argv[2] ?? join(import.meta.dirname, 'deployments/example.json');
const app = cubelakeApp(process.argv[3] ?? join(root, 'dist/cdk'));
cubelakeStacks(app, readDeployment(path), process.argv[4] ?? join(root, 'dist/functions'));
app.synth();
