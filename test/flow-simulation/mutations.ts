// node test/flow-simulation/mutations.ts [SEEDS [PART_OF_NAME]]: shows that the simulation of the flow can fail. Run by hand.
import { type Mutation, tryMutations } from '../properties/try-mutations.ts';

const mutations: readonly Mutation[] = [
  {
    name: 'tag before the commit',
    file: 'core/pipeline/settle.ts',
    from: '  const snapshots: Record<string, string> = {};',
    to: `  for (const { verdict, granule } of plan.granules)
    if (verdict === 'complete') await tagParts(context.raw, granule.parts, 'complete');
  const snapshots: Record<string, string> = {};`,
  },
  {
    name: 'take the rows of a granule without holding it',
    file: 'core/pipeline/plan-settlement.ts',
    from: '  for (const granuleKey of held.toSorted(compareKeys)) {',
    to: '  for (const granuleKey of held.slice(99)) {',
  },
  {
    name: 'forget what a message asked for',
    file: 'core/pipeline/pending-requests.ts',
    from: 'writeRecord(context.warehouse, controlKeys.pending(requestId), pending),',
    to: "requestId > '8' ? Promise.resolve('') : writeRecord(context.warehouse, controlKeys.pending(requestId), pending),",
  },
  {
    name: 'bring no lost event back',
    file: 'core/pipeline/status.ts',
    from: 'if (eventless.delete(granule.granuleKey))',
    to: 'if (eventless.size > 1e9)',
  },
  {
    name: 'bring no lost end of a job back',
    file: 'core/pipeline/status.ts',
    from: "else await context.jobEvents.send([jobEndedMessage(manifestId, 'failed')]);",
    to: '',
  },
  {
    name: 'bring no lost tag back',
    file: 'core/pipeline/granule-status.ts',
    from: "if (!(processingStatusTag.key in (await context.raw.getTags(key)))) return 'tag';",
    to: '',
  },
  {
    name: 'publish versions that raw has newer ones of',
    file: 'core/pipeline/plan-settlement.ts',
    from: "return isSameVersion(objectVersions(current.assembly.parts), granule.parts) ? null : 'Raw has a newer version';",
    to: 'return null;',
  },
  {
    name: 'leave the rows of the earlier version',
    file: 'core/pipeline/table-changes.ts',
    from: 'removePaths: [...live].filter((path) => !staged.has(path)),',
    to: 'removePaths: [],',
  },
  {
    name: 'tag whatever version is there',
    file: 'core/pipeline/quarantine.ts',
    from: 'if (current?.etag !== part.etag) continue;',
    to: 'if (current === null) continue;',
  },
  {
    name: 'take a failed attempt for the last',
    file: 'core/pipeline/process-granule.ts',
    from: "if (outcome.disposition !== 'retry') await writeRecord(job.warehouse, key, outcome);",
    to: "await writeRecord(job.warehouse, key, { ...outcome, status: 'complete', processing_id: 'x', tables: [], report: {} });",
  },
];

tryMutations(mutations, 'test/flow-simulation/run-seeds.ts');
