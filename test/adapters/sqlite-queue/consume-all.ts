import { sqliteQueue } from '#adapters/sqlite-queue/sqlite-queue.ts';
import { systemClock } from '#adapters/system/system-clock.ts';

/** A process that receives and deletes until the queue is empty, and prints the bodies. */
const queue = sqliteQueue({ path: process.argv[2]!, name: 'events', clock: systemClock });
const bodies: string[] = [];
for (;;) {
  const messages = await queue.receive(3);
  if (messages.length === 0) break;
  bodies.push(...messages.map(({ body }) => body));
  await queue.delete(messages.map(({ receipt }) => receipt));
}
console.log(JSON.stringify(bodies));
