// node test/properties/mutations.ts [SEEDS [PART_OF_NAME]]: shows that the simulation can fail. Run by hand, not in the suite. Breaks a copy
// of the sources in named ways, one at a time, and says which seed caught each.
import { type Mutation, tryMutations } from './try-mutations.ts';

const publishFile = 'core/formats/iceberg/publish.ts';
const stageFile = 'core/formats/iceberg/stage-snapshot.ts';
const readBackCall = 'const found = await readBack(context, table, change, error);';

const mutations: readonly Mutation[] = [
  {
    name: 'delete files after an unknown commit',
    file: publishFile,
    from: readBackCall,
    to: `for (const file of change.addFiles) await context.warehouse.delete(keyOf(context.warehouse, file.path));
        ${readBackCall}`,
  },
  {
    name: 'call an unknown commit done without reading back',
    file: publishFile,
    from: readBackCall,
    to: "const found = { 'snapshot-id': snapshotId };",
  },
  {
    name: 'put the clock instead of the later of clock and table',
    file: stageFile,
    from: "Math.max(Math.floor(context.nowMs), metadata['last-updated-ms'])",
    to: 'Math.floor(context.nowMs)',
  },
  {
    name: 'write a version without asking that there is none',
    file: 'adapters/pointer-catalog/table-versions.ts',
    from: "put(key, bytes, { ifNoneMatch: '*' })).etag",
    to: 'put(key, bytes)).etag',
  },
  {
    name: 'use a snapshot id again',
    file: stageFile,
    from: 'if (id > 0n && snapshotById(metadata, id) === null) return id;',
    to: 'if (id > 0n) return parts.length > 0 ? 7n : id;',
  },
  {
    name: 'forget the requirement of the base',
    file: stageFile,
    from: "{ type: 'assert-ref-snapshot-id', ref: branch, 'snapshot-id': head?.['snapshot-id'] ?? null },",
    to: '',
  },
  {
    name: 'do not ask whether a path is live already',
    file: 'core/formats/iceberg/live-files.ts',
    from: 'if (added.length === 0) return;',
    to: 'return;',
  },
  {
    name: 'leave out blocks that may hold a path',
    file: 'core/formats/iceberg/live-files.ts',
    from: "if (manifest.specId !== spec['spec-id'] || summaries === null) return true;",
    to: 'return false;',
  },
  {
    name: 'forget a manifest that a merge takes the place of',
    file: 'core/formats/iceberg/merge-manifests.ts',
    from: 'else copied.push(part);',
    to: '',
  },
  {
    name: 'keep a manifest beside what it was merged into',
    file: 'core/formats/iceberg/merge-manifests.ts',
    from: 'return { replaced: new Set(chosen), groups: isEmpty',
    to: 'return { replaced: new Set(chosen.slice(1)), groups: isEmpty',
  },
  {
    name: 'publish a commit again that is there',
    file: publishFile,
    from: 'if (earlier !== null)',
    to: 'if (earlier !== null && attempt < 0)',
  },
];

tryMutations(mutations, 'test/properties/run-seeds.ts');
