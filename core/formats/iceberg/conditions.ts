import { type AvroRecord, type AvroValue, fieldKey } from '../avro/avro-value.ts';
import type { FieldSummary } from './manifest-list.ts';
import { compareSingleValues, decodeSingleValue, type SingleValue } from './single-value.ts';

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'is null' | 'is not null';

/**
 * A comparison with one of several values, more than one only for `=`, or a test for NULL, without values. A comparison
 * never holds for NULL.
 */
export interface Condition {
  readonly operator: Operator;
  readonly values: readonly SingleValue[];
}

/** A condition on the value of one partition field. */
export interface PartitionCondition {
  /** Position in the spec. */
  readonly position: number;
  readonly fieldId: number;
  readonly type: string;
  readonly condition: Condition;
}

/**
 * Whether a value within the bounds, which is not NULL, can meet the condition.
 * @param lower Nothing is below it; null when unknown. A shortened bound is safe: it only lies further out.
 * @param upper Nothing is above it; null when unknown.
 */
export function boundsMayMatch(lower: SingleValue | null, upper: SingleValue | null, condition: Condition): boolean {
  const { operator } = condition;
  if (operator === 'is null') return false;
  if (operator === 'is not null') return true;
  return condition.values.some((value) => {
    const fromLower = lower === null ? null : compareSingleValues(lower, value);
    const fromUpper = upper === null ? null : compareSingleValues(upper, value);
    return rangeMayMatch(fromLower, fromUpper, operator);
  });
}

/** @param fromLower Sign of lower bound minus value; null when unknown. */
function rangeMayMatch(
  fromLower: number | null,
  fromUpper: number | null,
  operator: Exclude<Operator, 'is null' | 'is not null'>,
): boolean {
  switch (operator) {
    case '!=':
      return fromLower !== 0 || fromUpper !== 0;
    case '=':
      return !(fromLower !== null && fromLower > 0) && !(fromUpper !== null && fromUpper < 0);
    case '<':
      return fromLower === null || fromLower < 0;
    case '<=':
      return fromLower === null || fromLower <= 0;
    case '>':
      return fromUpper === null || fromUpper > 0;
    case '>=':
      return fromUpper === null || fromUpper >= 0;
  }
}

/** NaN is the greatest number to some engines and none to others: only these conditions can hold for it. */
export function mayHoldForNan(operator: Operator): boolean {
  return operator === '>' || operator === '>=' || operator === '!=' || operator === 'is not null';
}

export function isFloating(type: string): boolean {
  return type === 'float' || type === 'double';
}

/** False only when no file with such partition values can meet the conditions. @param partitions null: nothing is known of them. */
export function summariesMayMatch(
  partitions: readonly FieldSummary[] | null,
  conditions: readonly PartitionCondition[],
): boolean {
  if (partitions === null) return true;
  return conditions.every(({ position, type, condition }) => {
    const summary = partitions[position];
    return summary === undefined || summaryMayMatch(summary, type, condition);
  });
}

function summaryMayMatch(summary: FieldSummary, type: string, condition: Condition): boolean {
  const { lowerBound, upperBound, containsNan, containsNull } = summary;
  if (condition.operator === 'is null') return containsNull;
  if (isFloating(type) && containsNan !== false && mayHoldForNan(condition.operator)) return true;
  // Without bounds every value is NULL or NaN.
  if (lowerBound === null && upperBound === null) return false;
  const lower = lowerBound === null ? null : decodeSingleValue(type, lowerBound);
  const upper = upperBound === null ? null : decodeSingleValue(type, upperBound);
  return boundsMayMatch(lower, upper, condition);
}

/** The same for the partition of one file, whose values are exact. */
export function partitionMayMatch(partition: AvroRecord, conditions: readonly PartitionCondition[]): boolean {
  return conditions.every(({ fieldId, type, condition }) => {
    const value = partition[fieldKey(fieldId)] ?? null;
    if (value === null) return condition.operator === 'is null';
    if (Number.isNaN(value)) return mayHoldForNan(condition.operator);
    return !isComparable(type, value) || boundsMayMatch(value, value, condition);
  });
}

function isComparable(type: string, value: AvroValue): value is SingleValue {
  if (type === 'string') return typeof value === 'string';
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
}
