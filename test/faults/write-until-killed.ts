import { appendFileSync } from 'node:fs';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';

/**
 * A process that writes objects for ever, replaces and deletes some, and notes on disk what the store acknowledged.
 * Every byte of an object is the last byte of its number, so that a torn object shows.
 */
const [folder, notesPath, first] = process.argv.slice(2) as [string, string, string];
const store = fileObjectStore(folder);
for (let number = Number(first); ; number++) {
  const key = `bronze/${number % 7}/shard-${number % 23}`;
  const bytes = new Uint8Array(20_000 + (number % 5) * 40_000).fill(number % 256);
  appendFileSync(notesPath, `begin ${key} ${number}\n`);
  if (number % 11 === 0) await store.delete(key);
  else if (number % 3 === 0) {
    const writer = await store.write(key);
    await writer.append(bytes.subarray(0, 10_000));
    await writer.append(bytes.subarray(10_000));
    await writer.commit();
  } else await store.put(key, bytes);
  appendFileSync(notesPath, `done ${key} ${number}\n`);
}
