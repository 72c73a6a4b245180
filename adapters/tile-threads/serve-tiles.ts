import { parentPort, workerData } from 'node:worker_threads';
import { InvariantError, invariant } from '#core/errors.ts';
import type { TileProcessor } from '#core/pipeline/cube/tile-processor.ts';
import type { TileSetup } from '#core/pipeline/cube/tile-setup.ts';
import type { CalibrationKernel } from '#core/ports/calibration-kernel.ts';
import { carry } from './carried-error.ts';
import { RemoteDevice } from './remote-device.ts';
import type { TileReply, TileRequest } from './thread-pool.ts';

/**
 * The worker's side: opens its own readers once, then processes the tiles that it is sent. Results move to the main
 * thread without a copy.
 */
export function serveTiles(
  openProcessor: (setup: TileSetup, wiring: unknown, device: CalibrationKernel | null) => Promise<TileProcessor>,
): void {
  const port = parentPort;
  if (port === null) throw new InvariantError('Expected to run as a worker thread');
  const { wiring } = workerData as { wiring: unknown };
  let processor: Promise<TileProcessor> | undefined;
  const device = new RemoteDevice((tile) => port.postMessage({ calibrate: tile } satisfies TileReply));
  port.on('message', async (request: TileRequest) => {
    try {
      if ('setup' in request) {
        processor = openProcessor(request.setup, wiring, request.hasDevice ? device.calibrate : null);
        await processor;
        return;
      }
      if ('calibrated' in request) {
        device.answer(request.calibrated ? null : request.error);
        return;
      }
      invariant(processor !== undefined, 'Expected a setup before the first tile');
      if ('finish' in request) {
        await (await processor).finish();
        port.postMessage({ finished: true } satisfies TileReply);
        return;
      }
      const { tileIndex, spare } = request;
      const result = await (await processor).process(tileIndex, spare);
      const buffers = [result.plotOfPixel.buffer, result.indexValues.buffer] as ArrayBuffer[];
      if (result.rowGroup !== null) buffers.push(result.rowGroup.bytes.buffer);
      port.postMessage({ tileIndex, result } satisfies TileReply, buffers);
    } catch (error) {
      port.postMessage({ error: carry(error) } satisfies TileReply);
    }
  });
}
