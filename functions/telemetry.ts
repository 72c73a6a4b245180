import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { CubelakeError } from '#core/errors.ts';
import {
  type FunctionName,
  functionMetrics,
  type MetricName,
  metricDimensions,
  metricNamespace,
} from '#schemas/metrics.ts';

/** One number for CloudWatch; several of one name in one call become their distribution. */
export type Figure<Name extends FunctionName> = readonly [name: MetricName<Name>, value: number];

/** What a call has to say: an event with its facts for the log, and numbers for CloudWatch. */
export interface CallReport<Name extends FunctionName> {
  /** `Noun:Verb:State` */
  readonly event: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly figures: readonly Figure<Name>[];
}

export interface Telemetry<Name extends FunctionName> {
  report(report: CallReport<Name>): void;
  /** A fault of watching itself: the work is done and stays done. */
  warn(event: string, error: unknown): void;
}

/**
 * The log and the metrics of one function. Both are lines on standard output, metrics in CloudWatch's embedded format: no
 * request is made, so that a CloudWatch that is down holds up no cube.
 *
 * @param deployment Tells the metrics of two deployments in one account apart.
 */
export function telemetryOf<Name extends FunctionName>(name: Name, deployment: string): Telemetry<Name> {
  const logger = new Logger({ serviceName: name, persistentKeys: { deployment } });
  const metrics = new Metrics({
    namespace: metricNamespace,
    serviceName: name,
    defaultDimensions: { [metricDimensions.deployment]: deployment },
  });
  const units: Readonly<Record<string, 'Count' | 'Seconds' | 'None'>> = functionMetrics[name];
  return {
    report: ({ event, facts, figures }) => {
      logger.info(event, facts);
      for (const [metric, value] of figures) metrics.addMetric(metric, units[metric]!, value);
      if (figures.length > 0) metrics.publishStoredMetrics();
    },
    warn: (event, error) => logger.warn(event, { reason: String(error), ...fieldsOf(error) }),
  };
}

function fieldsOf(error: unknown): Readonly<Record<string, unknown>> {
  return error instanceof CubelakeError ? { ...error.fields, disposition: error.disposition } : {};
}

export function secondsOf(ms: number): number {
  return ms / 1000;
}
