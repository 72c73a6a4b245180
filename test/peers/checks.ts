/** One peer check: a command, run in the repository root, that ends with exit code 0 when the peer agrees. */
export interface PeerCheck {
  readonly name: string;
  readonly command: readonly string[];
}

const demo = (script: string, ...parameters: string[]): readonly string[] => [
  'bash',
  `test/peers/demo-lake/${script}`,
  ...parameters,
];

/** In this order: small ones first, those that need the demo lake last. */
export const peerChecks: readonly PeerCheck[] = [
  { name: 'demo lake: made from nothing', command: demo('make.sh') },
  {
    name: 'demo lake: pyarrow reads every data file and agrees on its statistics',
    command: demo('python.sh', 'read_parquet.py'),
  },
  { name: 'demo lake: zarr-python and xarray open every bronze group', command: demo('python.sh', 'read_bronze.py') },
  {
    name: 'demo lake: pyiceberg counts and sums as our SQL does',
    command: demo('python.sh', 'read_with_pyiceberg.py'),
  },
  { name: 'demo lake: Spark counts and sums as our SQL does', command: demo('spark.sh') },
];
