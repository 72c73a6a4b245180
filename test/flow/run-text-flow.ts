import { runFlow } from '../../cli/run-flow.ts';
import { textLake } from './embedded-lake.ts';

/** A scheduler as a process of its own, so that a test can kill it. */
console.log(JSON.stringify(await runFlow(textLake(process.argv[2]!, { concurrency: 1 }))));
