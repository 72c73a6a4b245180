const isoPattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;

export interface StatedTime {
  /** ISO 8601 in UTC with `Z`, to milliseconds. */
  readonly utc: string;
  /** False when the text names no zone and UTC was taken. */
  readonly hasZone: boolean;
}

/**
 * An ISO 8601 date and time as UTC, or null for anything else, a date alone and days that do not exist included: a cube
 * without a time of day is not placed at midnight.
 */
export function statedTime(text: string): StatedTime | null {
  const match = isoPattern.exec(text.trim());
  if (match?.[4] === undefined) return null;
  const [, year, month, day, hour, minute, second = '0', fraction = '0', zone] = match;
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const localMs = Date.UTC(fields[0], fields[1] - 1, fields[2], fields[3], fields[4], fields[5]);
  const written = new Date(localMs);
  const isReal =
    written.getUTCMonth() === fields[1] - 1 && written.getUTCDate() === fields[2] && fields[3] < 24 && fields[4] < 60;
  if (!isReal || fields[5] > 60) return null;
  const fractionMs = Math.floor(Number(`0.${fraction}`) * 1000);
  return { utc: new Date(localMs + fractionMs - zoneMs(zone)).toISOString(), hasZone: zone !== undefined };
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || /^(Z|UTC)$/i.test(zone)) return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
