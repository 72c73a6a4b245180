import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { GpuSession } from '#adapters/gpu/gpu-session.ts';
import { loadDawn } from '#adapters/gpu/load-dawn.ts';
import { openGpu } from '#adapters/gpu/open-gpu.ts';
import { DeviceUnavailableError } from '#core/errors.ts';
import { coefficientsFromScale } from '#core/radiometry/coefficients.ts';

/** Dawn's own backend that takes all work and does none of it; it is there on every machine. */
const idleBackend = ['backend=null'];

describe('a GPU that is not there', () => {
  it('is told as an absent package where webgpu does not load', async () => {
    const opened = loadDawn([], () => Promise.reject(new Error("Cannot find package 'webgpu'")));
    await expect(opened).rejects.toThrow(DeviceUnavailableError);
    await expect(opened).rejects.toThrow(/package webgpu .* leave it to the CPU/);
  });

  it('is told as an absent driver where none shows an adapter', async () => {
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    await expect(GpuSession.open(gpu, Number.POSITIVE_INFINITY)).rejects.toThrow(/libvulkan.so.1/);
  });
});

describe('a GPU', () => {
  const coefficients = coefficientsFromScale({
    bandCount: 3,
    sampleCount: 5,
    factor: 1e-4,
    offset: 0,
    goodBands: new Uint8Array(3).fill(1),
    saturationLevel: null,
    fillValue: null,
  });
  const window = {
    interleave: 'bil',
    lineCount: 2,
    bandCount: 3,
    sampleCount: 5,
    data: new Uint16Array(30).fill(7),
  } as const;
  const planes = () => ({
    packed: new Int16Array(30),
    quality: new Uint8Array(30),
    pixelQuality: new Uint8Array(10),
    bandQuality: new Uint8Array(3),
  });

  it('refuses coefficients that it cannot bind, before anything is sent', async () => {
    const gpu = await openGpu({ dawnOptions: idleBackend, bindingBytesMax: 56 });
    await expect(gpu.openCalibration(coefficients)).rejects.toThrow(/at most 56 bytes at once .* got 60/);
    gpu.close();
  });

  it('may be closed as soon as it is open', () => {
    const program = `const { openGpu } = await import('#adapters/gpu/open-gpu.ts');
      for (let at = 0; at < 100; at++) (await openGpu({ dawnOptions: ['backend=null'] })).close();`;
    const { status, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { timeout: 30_000 });
    expect({ status, signal }).toEqual({ status: 0, signal: null });
  });

  it('fails each tile that is in work or comes later when it is lost, and lets itself be closed', async () => {
    const gpu = await openGpu({ dawnOptions: idleBackend });
    const kernel = await gpu.openCalibration(coefficients);
    const inWork = kernel.calibrate(window, planes());
    gpu.lose();
    await expect(inWork).rejects.toThrow(DeviceUnavailableError);
    await expect(kernel.calibrate(window, planes())).rejects.toThrow(DeviceUnavailableError);
    kernel.close();
    gpu.close();
  });
});
