import type { S3 } from '@aws-sdk/client-s3';
import { objectCreatedMessage } from '#core/pipeline/flow-messages.ts';
import { inParallel } from '#core/pipeline/in-parallel.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { type Cloud, depthOf } from './cloud.ts';
import { cubeParts, type Flaw, type RawObject } from './small-cubes.ts';

export interface HarvestCube {
  readonly granuleKey: string;
  readonly flaw: Flaw | null;
  readonly parts: readonly RawObject[];
}

const parallelCount = 12;
/** moto looks at every message of a queue at every call: with thousands in it, it would do nothing else. */
const [partCount, depthMax] = [120, 240];

const flaws: readonly Flaw[] = ['truncated', 'no size', 'no header'];

/** Cubes of which each hundredth is broken. */
export function harvest(cubeCount: number): HarvestCube[] {
  return Array.from({ length: cubeCount }, (_, cube) => {
    const flaw = cube % 100 === 37 ? flaws[Math.floor(cube / 100) % flaws.length]! : null;
    const parts = cubeParts(cube, flaw);
    return { granuleKey: parts[0]!.key.slice(0, -'.bil'.length), flaw, parts };
  });
}

/** Puts objects into raw, and where S3 does not tell the queue, tells it. */
export class Uploader {
  readonly #s3: S3;
  readonly #cloud: Cloud;
  readonly #raw: ObjectStore;
  readonly #isAnnouncedByS3: boolean;

  constructor(options: { s3: S3; cloud: Cloud; raw: ObjectStore; isAnnouncedByS3: boolean }) {
    this.#s3 = options.s3;
    this.#cloud = options.cloud;
    this.#raw = options.raw;
    this.#isAnnouncedByS3 = options.isAnnouncedByS3;
  }

  async upload(objects: readonly RawObject[]): Promise<void> {
    for (let start = 0; start < objects.length; start += partCount) {
      const part = objects.slice(start, start + partCount);
      await inParallel(part, parallelCount, ({ key, bytes }) =>
        this.#s3.putObject({ Bucket: this.#cloud.rawBucket, Key: key, Body: bytes }),
      );
      if (!this.#isAnnouncedByS3) await this.announce(part.map(({ key }) => key));
      while ((await depthOf(this.#cloud, this.#cloud.objectQueueUrl)) > depthMax) {
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  /** Sends the notifications of objects that are there. */
  async announce(keys: readonly string[]): Promise<void> {
    const facts = await inParallel(keys, parallelCount, async (key) => (await this.#raw.head(key))!);
    await this.send(facts.map((object) => objectCreatedMessage(this.#cloud.rawBucket, object)));
  }

  async send(bodies: readonly string[]): Promise<void> {
    for (let start = 0; start < bodies.length; start += 10) {
      const Entries = bodies.slice(start, start + 10).map((MessageBody, index) => ({ Id: String(index), MessageBody }));
      await this.#cloud.sqs.sendMessageBatch({ QueueUrl: this.#cloud.objectQueueUrl, Entries });
    }
  }

  /** Half of these cubes arrive again, byte for byte; of the others only the notifications do. */
  async repeat(cubes: readonly HarvestCube[]): Promise<void> {
    const again = cubes.filter((_, position) => position % 2 === 0);
    await this.upload(again.flatMap(({ parts }) => parts));
    const told = cubes.filter((_, position) => position % 2 === 1);
    await this.announce(told.flatMap(({ parts }) => parts.map(({ key }) => key)));
  }
}
