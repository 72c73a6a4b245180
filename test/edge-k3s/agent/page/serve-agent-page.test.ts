import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentStatus, CaptureStatus } from '#core/edge/agent-status.ts';
import { serveAgentPage } from '#edge-k3s/agent/page/serve-agent-page.ts';

const nowMs = Date.UTC(2026, 6, 1, 10, 30);
const made: CaptureStatus = {
  granuleKey: 'raw_cubes/eu/farm/2026/07/01/pass-1',
  state: 'made',
  reason: null,
  rawState: 'local',
  rawBytes: 4e9,
  product: {
    partCount: 3,
    waitingPartCount: 1,
    sizeBytes: 6e7,
    compressionRatio: 66.6,
    ndviRmse: 3e-5,
    ndviMean: 0.71,
  },
  hasQuicklook: true,
};
const status: AgentStatus = {
  deviceId: 'tractor-1',
  nowMs,
  startedMs: nowMs - 3_600_000,
  link: { isConnected: false, sinceMs: nowMs - 600_000, lastError: 'connect ECONNREFUSED' },
  spool: { partCount: 1, sizeBytes: 2e7, budgetBytes: 2e10, isStopped: false },
  raw: { localCount: 1, localBytes: 4e9, freeBytes: 8e10 },
  captures: [made],
};

let close = (): Promise<void> => Promise.resolve();
afterEach(() => close());

async function serve(shown: AgentStatus = status): Promise<string> {
  const quicklook = async (key: string) => (key === made.granuleKey ? Buffer.from('PNG') : null);
  const server = await serveAgentPage({ host: '127.0.0.1', port: 0, status: () => shown, quicklook });
  close = () => server.close();
  return server.uri;
}

function statusOf(uri: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(uri, { headers, method }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the page of an agent', () => {
  it('shows link, what waits and the last captures', async () => {
    const answer = await fetch(await serve());
    const text = await answer.text();
    for (const words of [
      'tractor-1',
      'no link',
      'for 10 minutes: connect ECONNREFUSED',
      '1 part<',
      'NDVI 0.71',
      'made; 1 of 3 parts to be sent',
      'raw cube only here',
      '80.0 GB free',
    ])
      expect(text).toContain(words);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(text).not.toContain('<script');
  });

  it('says what to do where something is wrong', async () => {
    const failed: CaptureStatus = { ...made, state: 'failed', reason: 'Expected a header, got none', product: null };
    const spool = { ...status.spool, isStopped: true };
    const text = await (await fetch(await serve({ ...status, nowMs: 1000, spool, captures: [failed] }))).text();
    expect(text).toContain('The spool is full: nothing new is made. Bring the machine where it has a network');
    expect(text).toContain('The clock of this machine is wrong');
    expect(text).toContain('1 capture failed: the reason stands below.');
    expect(text).toContain('failed: Expected a header, got none');
    const damaged = { ...made, reason: 'The disk has damaged them twice.' };
    const second = await (await fetch(await serve({ ...status, captures: [failed, damaged] }))).text();
    expect(second).toContain('2 captures failed: the reason stands below.');
    expect(second).toContain('results damaged on the disk: The disk has damaged them twice.');
  });

  it('escapes what comes from outside', async () => {
    const evil = '<img src=x onerror=alert(1)>"\'&';
    const captures: CaptureStatus[] = [{ ...made, granuleKey: `a/${evil}`, state: 'failed', reason: evil }];
    const shown = { ...status, captures, link: { ...status.link, lastError: evil }, deviceId: evil };
    const text = await (await fetch(await serve(shown))).text();
    expect(text).not.toContain('<img src=x');
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
  });

  it('gives pictures, the state as JSON, and signs of life', async () => {
    const uri = await serve();
    const picture = await fetch(`${uri}/quicklook/${encodeURIComponent(made.granuleKey)}`);
    expect([picture.headers.get('content-type'), await picture.text()]).toEqual(['image/png', 'PNG']);
    expect(await (await fetch(`${uri}/status.json`)).json()).toEqual(status);
    for (const path of ['/healthz', '/readyz', '/page.css']) expect((await fetch(uri + path)).status).toBe(200);
    for (const path of ['/quicklook/other', '/../etc/passwd', '/quicklook/%'])
      expect((await fetch(uri + path)).status).toBeGreaterThanOrEqual(404);
  });

  it('answers questions only, and only those that are asked of this machine', async () => {
    const uri = await serve();
    expect(await statusOf(uri, {}, 'POST')).toBe(405);
    expect(await statusOf(uri, { host: 'evil.example' })).toBe(403);
    expect(await statusOf(uri, { host: 'localhost:8090' })).toBe(200);
    await expect(
      serveAgentPage({
        host: '127.0.0.1',
        port: Number(new URL(uri).port),
        status: () => status,
        quicklook: async () => null,
      }),
    ).rejects.toThrow('to be free for the page');
  });
});
