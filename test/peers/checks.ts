import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One peer check: a command, run in the repository root, that ends with exit code 0 when the peer agrees. */
export interface PeerCheck {
  readonly name: string;
  readonly command: readonly string[];
}

/** Checks that run in this order, one after the other; another chain may run beside them. */
export type PeerChain = readonly PeerCheck[];

/** Those that take longest, which start first: the last check to end then has little left to do alone. */
const longTopics = ['burst', 'edge-chain', 'fault-tables', 'spark-sink', 'container', 'engines', 'many-writers', 'aws'];

/** The second finds the layers of the image that the first has built. */
const imageTopics = ['container', 'edge-deploy'];

const demo = (script: string, ...parameters: string[]): readonly string[] => [
  'bash',
  `test/peers/demo-lake/${script}`,
  ...parameters,
];

const demoLakeChecks: readonly PeerCheck[] = [
  { name: 'demo lake: made from nothing', command: demo('make.sh') },
  {
    name: 'demo lake: pyarrow reads every data file and agrees on its statistics',
    command: demo('python.sh', 'read_parquet.py'),
  },
  {
    name: 'demo lake: zarr-python and xarray open every bronze group',
    command: demo('python.sh', 'read_bronze.py'),
  },
  { name: 'demo lake: pyarrow reads the Arrow stream of a query', command: demo('python.sh', 'read_arrow.py') },
  {
    name: 'demo lake: pyiceberg counts and sums as our SQL does',
    command: demo('python.sh', 'read_with_pyiceberg.py'),
  },
  { name: 'demo lake: the notebook of a season runs through the catalog', command: demo('notebook.sh') },
  { name: 'demo lake: Spark counts and sums as our SQL does', command: demo('spark.sh') },
];

/** `check.sh` of every folder here, named by the first comment in it, and the demo lake with those that read it; the longest first. */
export function peerPlan(): PeerChain[] {
  const topics = readdirSync(import.meta.dirname)
    .filter((topic) => existsSync(join(import.meta.dirname, topic, 'check.sh')))
    .sort();
  const short = topics.filter((topic) => !longTopics.includes(topic) && !imageTopics.includes(topic));
  const long = longTopics.map((topic) => (topic === imageTopics[0] ? imageTopics : [topic]));
  return [...long.map((chain) => chain.map(topicCheck)), demoLakeChecks, ...short.map((topic) => [topicCheck(topic)])];
}

function topicCheck(topic: string): PeerCheck {
  const script = readFileSync(join(import.meta.dirname, topic, 'check.sh'), 'utf8');
  const comment = /^# (.+)$/m.exec(script)?.[1]?.replace(/\.$/, '') ?? 'check.sh';
  return { name: `${topic}: ${comment}`, command: ['bash', `test/peers/${topic}/check.sh`] };
}
