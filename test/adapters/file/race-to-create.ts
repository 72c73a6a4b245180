import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { PreconditionFailedError } from '#core/errors.ts';

/** A process that tries to create each of `count` keys and prints those that it won. */
const [folder, name, count] = process.argv.slice(2) as [string, string, string];
const store = fileObjectStore(folder);
const won: number[] = [];
for (let key = 0; key < Number(count); key++) {
  try {
    await store.put(`claims/${key}`, Buffer.from(name), { ifNoneMatch: '*' });
    won.push(key);
  } catch (error) {
    if (!(error instanceof PreconditionFailedError)) throw error;
  }
}
console.log(JSON.stringify(won));
