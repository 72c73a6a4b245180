import { DeviceUnavailableError } from '../../errors.ts';
import type { CalibrationKernel } from '../../ports/calibration-kernel.ts';

/** A device's kernel until it is gone; from that tile on the CPU's, which gives the same bytes. */
export function deviceFirst(device: CalibrationKernel, cpu: CalibrationKernel): CalibrationKernel {
  let isGone = false;
  return async (window, out) => {
    if (!isGone) {
      try {
        await device(window, out);
        return;
      } catch (error) {
        if (!(error instanceof DeviceUnavailableError)) throw error;
        isGone = true;
      }
    }
    await cpu(window, out);
  };
}
