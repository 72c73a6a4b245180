const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30d`, `12h`, `90m` or `45s`; null for anything else. */
export function durationMs(text: string): number | null {
  const found = /^(\d{1,6}(?:\.\d{1,3})?)([smhd])$/.exec(text.trim());
  return found === null ? null : Math.round(Number(found[1]) * unitMs[found[2]!]!);
}
