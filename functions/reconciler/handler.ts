import { ConfigurationError } from '#core/errors.ts';
import type { FlowContext, TableView } from '#core/pipeline/flow-context.ts';
import { type FlowObservation, observeFlow } from '#core/pipeline/observe-flow.ts';
import { type ReconcileReport, reconcile } from '#core/pipeline/status.ts';

/** What a schedule sends: `observe` each hour, `reconcile` each day. */
export type ReconcilerEvent = { readonly observe: true } | { readonly reconcile: true };

export type ReconcilerAnswer =
  | { readonly kind: 'observed'; readonly observation: FlowObservation }
  | { readonly kind: 'reconciled'; readonly report: ReconcileReport };

/**
 * Looks at what hangs, or brings back what was lost.
 *
 * @throws ConfigurationError for an event that is neither. Disposition: stop.
 */
export async function onReconcilerEvent(
  context: FlowContext & TableView,
  event: ReconcilerEvent,
  unsettledMsMax: number,
): Promise<ReconcilerAnswer> {
  if ('observe' in event && event.observe) {
    return { kind: 'observed', observation: await observeFlow(context, unsettledMsMax) };
  }
  if ('reconcile' in event && event.reconcile) return { kind: 'reconciled', report: await reconcile(context) };
  throw new ConfigurationError(
    `Expected observe or reconcile, got ${JSON.stringify(event).slice(0, 200)} (reconciler). Correct the schedule.`,
  );
}
