import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take far longer than others, the longest first. A file is run by one worker alone. */
const longFiles = [
  'test/properties/simulation.extended.test.ts',
  'test/sink-simulation/sink-simulation.extended.test.ts',
  'test/edge-simulation/bad-link-day.extended.test.ts',
  'test/adapters/h5wasm/hostile-files.extended.test.ts',
  'test/faults/crash-sweep.extended.test.ts',
  'test/flow-simulation/flow-simulation.extended.test.ts',
];

/** By itself vitest goes by sizes of files in a fresh checkout, and the long runs of the simulations are in the smallest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = longFiles.findIndex((path) => moduleId.endsWith(`/${path}`));
      return found < 0 ? longFiles.length : found;
    };
    return (await super.sort(files)).toSorted((left, right) => place(left) - place(right));
  }
}
