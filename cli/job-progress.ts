import type { Progress } from '#core/ports/progress.ts';

/** Passes the events that job processes print, one JSON object per line, to the terminal; other lines stay in the logs. */
export function jobProgress(progress: Progress): (line: string) => void {
  return (line) => {
    const event = parseEvent(line);
    if (event === null) return;
    const { event: name, manifestId: _, ...fields } = event;
    progress.report(name, fields);
  };
}

function parseEvent(
  line: string,
): ({ event: string; manifestId?: unknown } & Record<string, string | number | null>) | null {
  if (!line.startsWith('{"event":')) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
