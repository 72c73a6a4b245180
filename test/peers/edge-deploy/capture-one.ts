import { writeCapture, writeReferences } from '../edge-chain/field-cubes.ts';

/** `capture-one.ts FOLDER`: references and one cube, as a sensor leaves them. */
const folder = process.argv[2]!;
writeReferences(folder);
writeCapture(folder, 1);
