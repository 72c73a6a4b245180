import type { AgentStatus, CaptureStatus } from '#core/edge/agent-status.ts';
import { escapeHtml } from '#core/escape.ts';

const refreshSeconds = 5;
/** What a clock without a battery says, or one that was set by hand wrongly. */
const plausibleMs = Date.UTC(2024, 0, 1);

type Mood = 'good' | 'bad' | 'wait';

/** The page as it is now; every name in it comes from outside and is escaped. */
export function statusPage(status: AgentStatus): string {
  const { deviceId, captures, nowMs } = status;
  const title = escaped(`Field machine ${deviceId}`);
  const list =
    captures.length === 0 ? '<p>Nothing is captured yet.</p>' : `<ul>${captures.map(captureItem).join('')}</ul>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${refreshSeconds}"><title>${title}</title><link rel="stylesheet" href="/page.css"></head>
<body><h1>${title}</h1>${alarmsOf(status)
    .map((words) => `<p class="alarm">${escaped(words)}</p>`)
    .join('')}
<dl class="tiles">${linkTile(status)}${waitingTile(status)}${diskTile(status)}${rawTile(status)}</dl>
<h2>Last captures</h2>${list}
<footer>As of ${escaped(timeText(nowMs))} by the clock of this machine; on since ${escaped(timeText(status.startedMs))}.</footer>
</body></html>
`;
}

/** What a person has to do something about. */
function alarmsOf({ spool, nowMs, captures }: AgentStatus): string[] {
  const alarms: string[] = [];
  if (spool.isStopped)
    alarms.push(
      'The spool is full: nothing new is made. Bring the machine where it has a network, or give it a larger disk.',
    );
  if (nowMs < plausibleMs)
    alarms.push('The clock of this machine is wrong. Captures without a time of their own get a wrong date.');
  const badCount = captures.filter((capture) => stateOf(capture).mood === 'bad').length;
  if (badCount > 0) alarms.push(`${counted(badCount, 'capture')} failed: the reason stands below.`);
  return alarms;
}

function tile(name: string, value: string, words: string, mood: Mood): string {
  const more = words === '' ? '' : `<p>${escaped(words)}</p>`;
  return `<div class="tile ${mood}"><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>${more}</div>`;
}

function linkTile({ link, nowMs }: AgentStatus): string {
  const since = `for ${durationText(nowMs - link.sinceMs)}`;
  if (link.isConnected) return tile('Link', 'connected', since, 'good');
  return tile('Link', 'no link', link.lastError === null ? since : `${since}: ${link.lastError}`, 'wait');
}

function waitingTile({ spool }: AgentStatus): string {
  const { partCount, sizeBytes } = spool;
  if (partCount === 0) return tile('To be sent', 'nothing', 'the cloud has all results', 'good');
  return tile('To be sent', counted(partCount, 'part'), `${sizeText(sizeBytes)} wait for the link`, 'wait');
}

function diskTile({ spool, raw }: AgentStatus): string {
  const used = Math.round((100 * spool.sizeBytes) / spool.budgetBytes);
  const mood = spool.isStopped ? 'bad' : used >= 70 ? 'wait' : 'good';
  return tile('Room for results', `${used} % used`, `${sizeText(raw.freeBytes)} free on the disk`, mood);
}

function rawTile({ raw }: AgentStatus): string {
  if (raw.localCount === 0) return tile('Raw cubes', 'all in the cloud', '', 'good');
  return tile('Raw cubes', `${raw.localCount} only here`, `${sizeText(raw.localBytes)} to bring to the cloud`, 'wait');
}

function captureItem(capture: CaptureStatus): string {
  const { granuleKey, hasQuicklook, product } = capture;
  const name = granuleKey.split('/').at(-1)!;
  const picture = hasQuicklook
    ? `<img src="/quicklook/${encodeURIComponent(granuleKey)}" alt="NDVI of ${escaped(name)}">`
    : '<div class="none"></div>';
  const { words, mood } = stateOf(capture);
  const figures = [
    product?.ndviMean == null ? null : `NDVI ${product.ndviMean.toFixed(2)}`,
    product === null ? null : `${product.compressionRatio.toFixed(0)} times smaller`,
    capture.rawBytes > 0 ? sizeText(capture.rawBytes) : null,
    rawWords[capture.rawState],
  ];
  const shown = escaped(figures.filter((each) => each !== null).join(', '));
  return `<li>${picture}<div><strong>${escaped(name)}</strong><span class="is-${mood}">${escaped(words)}</span><span>${shown}</span></div></li>`;
}

const rawWords = {
  local: 'raw cube only here',
  uploaded: 'raw cube in the cloud',
  freed: 'raw cube in the cloud only',
};

function stateOf({ state, reason, product }: CaptureStatus): { readonly words: string; readonly mood: Mood } {
  if (state === 'failed') return { words: `failed: ${reason ?? 'no reason is known'}`, mood: 'bad' };
  if (state === 'captured') return { words: 'waits for its turn', mood: 'wait' };
  if (state === 'making') return { words: 'is being made', mood: 'wait' };
  const waiting = product?.waitingPartCount ?? 0;
  if (waiting === 0) return { words: 'results in the cloud', mood: 'good' };
  if (reason !== null) return { words: `results damaged on the disk: ${reason}`, mood: 'bad' };
  return { words: `made; ${waiting} of ${counted(product!.partCount, 'part')} to be sent`, mood: 'wait' };
}

function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(0)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}

/** A clock that was set back gives a time below zero: then nobody knows. */
function durationText(durationMs: number): string {
  const minutes = Math.floor(durationMs / 60_000);
  if (minutes < 0) return 'an unknown time';
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return counted(minutes, 'minute');
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} hours` : `${Math.floor(minutes / 1440)} days`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** On one line: reasons may have several. */
function escaped(text: string): string {
  return escapeHtml(text.replace(/\p{Cc}+/gu, ' '));
}
