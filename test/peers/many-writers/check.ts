// node check.ts NAME: eight processes on a bucket of the S3 at PEER_S3_ENDPOINT, then again with kills.

import { peerS3 } from '../object-stores/peer-s3.ts';
import { checkCommits } from './check-commits.ts';
import { openWarehouse } from './open-warehouse.ts';
import { runWriters } from './run-writers.ts';

const peer = peerS3();
process.env['CUBELAKE_S3_ENDPOINT'] = peer.endpoint;
const bucket = await peer.makeBucket();
for (const killsEveryMs of [null, 1000]) {
  const place = `s3://${bucket}/${killsEveryMs === null ? 'calm' : 'killed'}`;
  const report = await runWriters({ place, writerCount: 8, commitCount: 25, killsEveryMs });
  await checkCommits(openWarehouse(place), report.commitIds);
  const { commitIds, attemptCount, attemptCountMax, acknowledgedCount, killCount, wallMs } = report;
  console.log(
    `${process.argv[2]}: ${commitIds.size} commits of 8 processes, each once; ${killCount} kills, ${attemptCount} attempts for ${acknowledgedCount} answers, at most ${attemptCountMax}, ${wallMs} ms`,
  );
}
