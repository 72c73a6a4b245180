import { afterEach, describe, expect, it, vi } from 'vitest';
import { TemporaryError } from '#core/errors.ts';
import { measureSettlement } from '#core/pipeline/measure-settlement.ts';
import { oldestWaitingMs } from '#core/pipeline/observe-flow.ts';
import { packedReport, takenReport } from '#functions/manifest-batcher/call-report.ts';
import { onBatcherEvent } from '#functions/manifest-batcher/handler.ts';
import { settledReport } from '#functions/manifest-settler/call-report.ts';
import { onJobEvent } from '#functions/manifest-settler/handler.ts';
import { reconcilerReport } from '#functions/reconciler/call-report.ts';
import { onReconcilerEvent } from '#functions/reconciler/handler.ts';
import { type CallReport, telemetryOf } from '#functions/telemetry.ts';
import { type FunctionName, functionMetrics } from '#schemas/metrics.ts';
import { type FlowWorld, flowWorld, upload } from '../flow/flow-world.ts';
import { textKey } from '../flow/text-payload.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

type Figures = Record<string, number | number[]>;

/** What CloudWatch would make of the lines of a report, by its embedded format. */
function sent<Name extends FunctionName>(name: Name, report: CallReport<Name>): { figures: Figures; lines: unknown[] } {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  telemetryOf(name, 'test').report(report);
  const lines = write.mock.calls.flatMap(([text]) => String(text).trim().split('\n')).map((line) => JSON.parse(line));
  write.mockRestore();
  const figures: Figures = {};
  for (const line of lines.filter((each) => '_aws' in each)) {
    const [{ Namespace, Dimensions, Metrics }] = line._aws.CloudWatchMetrics;
    expect({ Namespace, service: line.service, deployment: line.deployment }).toEqual({
      Namespace: 'Cubelake',
      service: name,
      deployment: 'test',
    });
    expect(Dimensions[0].toSorted()).toEqual(['deployment', 'service']);
    for (const { Name: metric, Unit } of Metrics) {
      expect(Unit).toBe((functionMetrics[name] as Record<string, string>)[metric]);
      figures[metric] = metric in figures ? [figures[metric]!, line[metric]].flat() : line[metric];
    }
  }
  return { figures, lines };
}

/** Three granules: one good, one poison, one without its second part. */
async function worldOfThree(): Promise<{ world: FlowWorld; bodies: string[] }> {
  const world = flowWorld();
  const bodies = [...(await upload(world, 'good', 'good')), ...(await upload(world, 'bad', 'poison'))];
  const facts = await upload(world, 'alone', 'alone');
  await world.context.raw.delete(textKey('alone', 'sum'));
  return { world, bodies: [...bodies, facts[0]!] };
}

afterEach(() => vi.restoreAllMocks());

describe('what the functions tell CloudWatch', () => {
  it('is every metric that an alarm may name, with the numbers of the flow', async () => {
    const { world, bodies } = await worldOfThree();
    const { context, clock } = world;
    const Records = [...bodies, 'not an event'].map((body, index) => ({ messageId: `m${index}`, body }));
    const taken = await onBatcherEvent(context, { Records }, () => 300_000);
    if (!('batchItemFailures' in taken)) throw new Error('Expected the answer to messages');
    const intake = sent('manifest-batcher', takenReport(Records.length, taken)).figures;
    expect(intake).toEqual({ MessageCount: 6, PoisonMessageCount: 1 });

    clock.advance(5 * minuteMs);
    const packed = await onBatcherEvent(context, { pack: 'flush' }, () => 300_000);
    if (!('manifests' in packed)) throw new Error('Expected a report of manifests');
    const packing = sent('manifest-batcher', packedReport(packed, await oldestWaitingMs(context))).figures;
    expect(packing).toEqual({
      ManifestCount: 1,
      SentGranuleCount: 2,
      WaitingGranuleCount: 1,
      ReadyGranuleCount: 0,
      OldestWaitingSeconds: 300,
    });

    clock.advance(2 * hourMs);
    const hung = await onReconcilerEvent(context, { observe: true }, hourMs);
    expect(sent('reconciler', reconcilerReport(hung)).figures).toEqual({
      UnsettledManifestCount: 1,
      StuckManifestCount: 1,
      LateJobCount: 1,
      StalledSeconds: 7200,
    });

    await context.runner.drain(context);
    const [message] = await context.jobEvents.receive(10);
    const result = (await onJobEvent(context, message!.body))!;
    const durations = await measureSettlement(context, packed.manifests[0]!.manifestId);
    const cubes = durations.map((each) => ({ ...each, payload: 'hyperspectral-cube', jobMs: 90_000 }));
    if (result.state !== 'settled') throw new Error('Expected a settlement');
    const mismatched = { ...result, settlement: { ...result.settlement, edge_beyond_count: 2 } };
    const settling = sent('manifest-settler', settledReport(mismatched, cubes, 0.04)).figures;
    // 5 minutes until its manifest, two hours until its job; 90 s of a job at 4 cents an hour are a tenth of a cent.
    expect(settling).toEqual({
      CompleteGranuleCount: 1,
      FailedGranuleCount: 1,
      EdgeMismatchCount: 2,
      UploadToCommitSeconds: 7500,
      JobSeconds: 90,
      CubeCostUsd: 0.001,
    });

    clock.advance(hourMs);
    await upload(world, 'lost', 'nobody heard of it');
    const calm = sent(
      'reconciler',
      reconcilerReport(await onReconcilerEvent(context, { observe: true }, hourMs)),
    ).figures;
    expect(calm).toEqual({
      UnsettledManifestCount: 0,
      StuckManifestCount: 0,
      LateJobCount: 0,
      StalledSeconds: 0,
      SecondsSinceCommit: 3600,
    });
    const daily = sent(
      'reconciler',
      reconcilerReport(await onReconcilerEvent(context, { reconcile: true }, hourMs)),
    ).figures;
    expect(daily).toEqual({ LostObjectCount: 1, FailedInRawCount: 1 });

    const told = [intake, packing, settling, calm, daily].flatMap((figures) => Object.keys(figures)).sort();
    const named = Object.values(functionMetrics)
      .flatMap((metrics) => Object.keys(metrics))
      .sort();
    expect(told).toEqual(named);
  });

  it('is a repeated settlement once, and an early event not at all', () => {
    const settlement = { manifest_id: 'a', complete_count: 3, failed_count: 0, superseded_count: 0, snapshots: {} };
    expect(sent('manifest-settler', settledReport({ state: 'already settled', settlement }, [], 1)).figures).toEqual(
      {},
    );
    expect(sent('manifest-settler', settledReport({ state: 'running' }, [], 1)).figures).toEqual({});
  });

  it('keeps all values of a full manifest, of which one line of the format holds a hundred', () => {
    const settlement = { manifest_id: 'a', complete_count: 200, failed_count: 0, superseded_count: 0, snapshots: {} };
    const durations = Array.from({ length: 200 }, (_, index) => ({
      payload: 'hyperspectral-cube',
      jobMs: index * 1000,
      uploadToCommitMs: index * 2000,
    }));
    const { figures, lines } = sent(
      'manifest-settler',
      settledReport({ state: 'settled', settlement }, durations, 3600),
    );
    const seconds = durations.map((_, index) => index);
    expect(figures['JobSeconds']).toEqual(seconds);
    expect((figures['CubeCostUsd'] as number[]).map(Math.round)).toEqual(seconds);
    expect(figures['UploadToCommitSeconds']).toEqual(seconds.map((each) => each * 2));
    expect(figures['CompleteGranuleCount']).toBe(200);
    expect(Math.max(...lines.map((line) => JSON.stringify(line).length))).toBeLessThan(256 * 1024);
  });

  it('is a warning, not a failure, when measuring itself fails', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const error = new TemporaryError('Expected an answer, got none (control/x). Try again.', { key: 'control/x' });
    telemetryOf('manifest-settler', 'test').warn('Manifest:Measure:Failed', error);
    const said = JSON.parse(String(write.mock.calls[0]?.[0]));
    write.mockRestore();
    expect(said).toMatchObject({
      level: 'WARN',
      message: 'Manifest:Measure:Failed',
      key: 'control/x',
      disposition: 'retry',
    });
  });

  it.each([{}, undefined, { observe: false }, { flush: true }])(
    'refuses %j, which no schedule sends',
    async (event) => {
      await expect(onReconcilerEvent(flowWorld().context, (event ?? {}) as never, hourMs)).rejects.toThrow(
        /observe or reconcile/,
      );
    },
  );
});
