const dayMs = 86_400_000;

/** Days since 1970 of `yyyy-mm-dd`, UTC; negative before. */
export function dayOfDate(date: string): number {
  return Math.floor(Date.parse(`${date}T00:00:00Z`) / dayMs);
}

/** `yyyy-mm-dd` of days since 1970. */
export function dateOfDay(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}
