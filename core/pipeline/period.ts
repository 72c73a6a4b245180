import { dateOfDay, dayOfDate } from '../day.ts';

/** Calendar periods by which fields are aggregated; weeks begin on Monday (ISO 8601). */
export type PeriodKind = 'day' | 'week' | 'month';

export interface Period {
  readonly kind: PeriodKind;
  /** Half-open [startDay, endDay) in days since 1970. */
  readonly startDay: number;
  readonly endDay: number;
}

/** The day, the week and the month that hold a date `yyyy-mm-dd`. */
export function periodsOf(date: string): Period[] {
  const day = dayOfDate(date);
  // 1970-01-01 was a Thursday, the day 3 after a Monday.
  const monday = day - ((((day + 3) % 7) + 7) % 7);
  const [year, month] = date.split('-').map(Number) as [number, number];
  const nextMonth =
    month === 12
      ? `${String(year + 1).padStart(4, '0')}-01-01`
      : `${date.slice(0, 5)}${String(month + 1).padStart(2, '0')}-01`;
  return [
    { kind: 'day', startDay: day, endDay: day + 1 },
    { kind: 'week', startDay: monday, endDay: monday + 7 },
    { kind: 'month', startDay: dayOfDate(`${date.slice(0, 8)}01`), endDay: dayOfDate(nextMonth) },
  ];
}

export function periodName(period: Period): string {
  return `${period.kind}-${dateOfDay(period.startDay)}`;
}
