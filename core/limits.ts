/** Every bound of the system, each with its reason. Relations between bounds are asserted in test/core/limits.test.ts. */

const kib = 1024;
const mib = 1024 * kib;
const gib = 1024 * mib;

/** A manifest holds 50 to 200 granules: enough to make a Batch array worth its start, few enough to settle in one Lambda call. */
export const manifestGranuleCountMin = 50;
export const manifestGranuleCountMax = 200;

/** AWS Batch refuses array jobs of one child and of more than 10 000. */
export const batchArraySizeMin = 2;
export const batchArraySizeMax = 10_000;

/** AWS Batch describes at most a hundred jobs per call. */
export const batchDescribeCountMax = 100;

/** AWS Batch: a job is tried at most ten times; five covers a bad Spot afternoon without paying for a hopeless one. */
export const jobAttemptCountMax = 5;

/** SQS takes and returns at most ten messages per call. */
export const queueBatchCountMax = 10;

/** SQS refuses a visibility timeout above twelve hours. */
export const visibilityTimeoutMsMax = 12 * 3600 * 1000;

/** A message that failed this often goes to the dead letters: five survives a restart storm, and a poison message ends within minutes. */
export const receiveCountMax = 5;

/** A granule whose other parts have not come a day after the last one is told to the user instead of waited for. */
export const incompleteGranuleMsMax = 24 * 3600 * 1000;

/** A job that is told to stop ends by itself within this: AWS Batch kills 30 s after it asked, the Spot host after two minutes. */
export const jobStopMsMax = 20_000;

/** What a job prints is kept up to this per attempt: a stack trace and its progress fit, a runaway loop does not fill the disk. */
export const jobLogBytesMax = 1 * mib;

/** Small ledger objects that are read or written at a time: enough to hide a store's latency, far below any request limit. */
export const ledgerParallelCount = 8;

/** The batcher looks at so many granules, then sends what is ready of them: about ten seconds of requests to S3. */
export const examinedGranuleCountMax = 1000;

/** A manifest is begun only with this much of a Lambda call left: 200 claims, eight at a time, and throttled submissions. */
export const manifestSendMsMax = 45_000;

/** S3 keys are at most 1024 bytes of UTF-8. */
export const objectKeyBytesMax = 1024;

/** An ENVI header, sidecar or rule file above this is not one: the longest real header seen has 60 KiB. */
export const textFileBytesMax = 16 * mib;

/** A GeoJSON plot set above this would not fit a job's memory bound; 100 000 plots take about 60 MiB. */
export const plotFileBytesMax = 128 * mib;

/** Declared dimensions are claims. No sensor has more lines, samples or bands than this, and products of three stay safe integers. */
export const lineCountMax = 4_000_000;
export const sampleCountMax = 200_000;
export const bandCountMax = 10_000;

/** One tile of lines: its calibrated int16 plane set stays below this, so that two workers fit 512 MiB with all their buffers. */
export const tileBytesMax = 12 * mib;
export const tileLineCountMax = 64;

/** A job holds no cube; this is the resident bound that the benchmark checks for a 4 GB cube. */
export const jobResidentBytesMax = 512 * mib;

/** Iceberg's default target for data files; a granule's rows roll over to a next file at this size. */
export const dataFileBytesTarget = 512 * mib;

/** A compressed chunk may claim to expand to at most this: the largest inner chunk we write is a tile plane of one band. */
export const decodedChunkBytesMax = 256 * mib;

/** One window of stored lines in a reader: a float64 tile of the largest size fits, a forged header does not make us allocate more. */
export const windowBytesMax = 256 * mib;

/**
 * Stored bytes may expand to at most this many times as much: deflate cannot do better than 1032, and a file that claims
 * more holds no cube.
 */
export const expansionRatioMax = 1100;

/** A file whose groups hold more objects, or nest deeper, has groups that contain themselves: products have some hundreds in 6 levels. */
export const hdf5ObjectCountMax = 20_000;
export const hdf5GroupDepthMax = 16;

/** Decoded blocks that a reader keeps for the next window: a row of tiles or some strips, while two workers stay within a job's memory. */
export const decodedCacheBytesMax = 64 * mib;

/** Reading the structure of an HDF5 file takes milliseconds; one that takes this long has heaps or trees that lead in a circle. */
export const hdf5StructureMsMax = 30_000;

/** Whole objects read into memory (metadata, manifests, outcomes): larger ones are refused before allocation. */
export const metadataBytesMax = 512 * mib;

/** Raw cubes above this are refused at ingest unless configured: S3's own object limit. */
export const rawObjectBytesMax = 5 * 1024 * gib;

/** Percentiles are exact up to this many pixels per plot and index; above it, from every k-th pixel. */
export const plotPercentileValueCountMax = 65_536;

/** Blocks of one trial: adjusting entry means inverts a dense matrix of this size: 100 MB and 16 s at the limit, 2 s at half of it. */
export const trialBlockCountMax = 2000;

/** A commit conflict is retried this often; with jittered waits that outlasts 8 writers on one table. */
export const commitAttemptCountMax = 20;

/** First wait after a conflict, doubled each time up to the second: writers of one table spread out, and a person still sees progress. */
export const commitWaitMsMin = 50;
export const commitWaitMsMax = 5000;

/** After an unknown commit the table is read back this often before the writer gives up: a slow catalog shows it within seconds. */
export const commitStatusCheckCountMax = 3;

/** So many manifests of one size class become one of the next: few enough to read at a time, and a file's entry moves once per factor of eight. */
export const icebergManifestCountBeforeMerge = 8;

/** Iceberg's own default size of a merged manifest: some ten thousand data files. */
export const icebergManifestBytesTarget = 8 * mib;

/** A manifest of up to so many new entries is merged by an append: eight of them take a third of a second to write out anew. Larger ones wait for maintenance. */
export const manifestMergeEntryCountMax = 1000;

/** A manifest up to this is fetched whole: a request more would cost a store more time than the bytes. */
export const manifestWholeBytesMax = 256 * kib;

/** First bytes of a larger manifest, which hold the schema of a thousand columns and the places of its blocks more often than not. */
export const manifestHeaderBytesFirst = 64 * kib;

/** Manifests that are read at a time: enough to hide a store's latency, few enough for a small job's memory. */
export const manifestParallelCount = 8;

/** Manifest entries that a session remembers between its queries: about 100 MB with the statistics of silver's key columns. */
export const manifestCacheEntryCountMax = 20_000;

/** Bounds of text are cut to this many characters: every id of ours fits whole, a polygon does not fill the manifest. */
export const stringBoundCharacterCountMax = 64;

/** Requests to the REST catalog: a commit carries schemas of some thousand columns at most, not data. */
export const catalogRequestBytesMax = 64 * mib;

/** What a catalog is asked without changing it is asked this often: five tries with doubled waits outlast a restart of a server. */
export const catalogReadAttemptCountMax = 5;

/** A catalog that asks for a longer pause than this is not waited for: the caller decides. */
export const catalogRetryAfterMsMax = 60_000;

/** Pages of one listing: at 100 names each this is ten times the tables that Glue allows; more lead in a circle. */
export const catalogPageCountMax = 100_000;

/** Tables whose last answer is kept to ask "changed since?": metadata of a long history takes megabytes. */
export const catalogKnownTableCountMax = 32;

/** Answers that a catalog server keeps to repeat them: half an hour of a commit each second, and bounded memory. */
export const idempotentAnswerCountMax = 2000;
export const idempotentAnswerBytesMax = 64 * mib;
export const idempotencyLifetimeMs = 30 * 60 * 1000;

/** Rows that a compaction decodes and sorts at a time: some hundred MB as objects, and more rows than a season of plots has. */
export const mergedRowCountMax = 200_000;

/**
 * Cells of a file of any program that are decoded at a time, to write it anew: a column of a million rows, or as many columns as
 * have these together. With what a decoder leaves behind that takes half of a function that has 1 GiB.
 */
export const rewrittenCellCountMax = 1_048_576;

/** Bytes of a row group that are copied at a time from file to file: a request to S3 that is worth its wait. */
export const copiedBytesMax = 32 * mib;

/** Row groups below this are decoded and merged, because so short ones compress badly and cost a reader a request each. */
export const wholeRowGroupRowCountMin = 10_000;

/** Merged files that one commit takes: few enough that a lost one costs little, enough that a lake of many days needs few commits. */
export const compactionGroupCountPerCommit = 50;

/** A compaction that loses its files to another writer plans again this often before it leaves the rest to its next run. */
export const compactionRoundCountMax = 3;

/** Nothing younger is removed: a writer that prepares a file may take hours until its commit names it. */
export const removalAgeMsMin = 24 * 3600 * 1000;

/** Iceberg's own default age of orphans: longer than any job and any queue of retries lasts. */
export const orphanAgeMsDefault = 3 * 24 * 3600 * 1000;

/** Manifests rewritten at a time are read into memory whole: some hundred thousand data files. */
export const manifestRewriteBytesMax = 128 * mib;

/** S3 takes at most 10 000 parts of at least 5 MiB; parts start at this size and double every thousand, which reaches past 5 TiB. */
export const uploadPartBytesMin = 8 * mib;
export const uploadPartCountMax = 10_000;
export const uploadPartCountPerSize = 1000;

/** Parts of one upload that are sent at a time: with the one that fills, the memory of a writer is four parts. */
export const uploadPartParallelCount = 3;

/** One request for a range asks for at most this, so that a broken answer costs little to ask again. */
export const downloadRangeBytesMax = 8 * mib;
export const downloadRangeParallelCount = 4;

/** Requests to cloud services are tried this often: with the SDK's doubled waits that outlasts a throttled minute's first seconds. */
export const cloudAttemptCountMax = 5;

/** A cloud service that moves no byte for this long is asked again over another connection. */
export const cloudStallMsMax = 30_000;
export const cloudConnectMsMax = 5000;

/** SQS refuses messages, and batches of them, above one MiB. */
export const queueMessageBytesMax = 1 * mib;

/** Athena's own description of a column takes names of 128 characters; Glue's 255. */
export const engineNameLengthMax = 128;

/** Glue refuses longer comments of columns and descriptions of tables, longer property keys and values. */
export const engineColumnCommentLengthMax = 255;
export const engineTableCommentLengthMax = 2048;
export const gluePropertyKeyLengthMax = 255;
export const gluePropertyValueLengthMax = 512_000;

/** Glue's UpdateTable failed at some 3600 columns, dropped ones counted; a sixth is left for longer comments. */
export const glueColumnCountMax = 3000;

/** Athena's MERGE with more than one WHEN clause failed above 321 columns. */
export const engineColumnCountAdvised = 320;

/** Iceberg's own default bounds 100 columns: 15 kB a data file for 1000 bands, which every plan of a query would read. */
export const metricsColumnCountMax = 100;

/** Up to this many new paths are searched for in the bytes of a manifest; for more, decoding it once is cheaper. */
export const searchedPathCountMax = 64;

/** Below so many tiles a cube is done before a GPU is opened and compared: about a third of a second where there is one. */
export const measuredTileCountMin = 8;

/** Tiles that one GPU has in work: one computes while the results of another are copied out and the counts of a third go in. */
export const deviceTileCountMax = 3;

/** Jobs that an hourly observation asks the job runner for, oldest first: some hundred requests when a queue is stuck, none when it is not. */
export const observedJobCountMax = 50;

/** Settlements that an observation reads to find the last one that brought rows: more failures in a row are alarming anyway. */
export const observedSettlementCountMax = 20;

/** Ids that one line of a log names: enough to begin with, and far below CloudWatch's 256 KiB of an event. */
export const loggedIdCountMax = 50;

/** A part of an edge product with its envelope: Kafka's default of 1 MiB a message, less what headers and batches add. */
export const partMessageBytesMax = 900 * kib;

/** A broker keeps what waits for a device or a bridge for a week; then the sender sends it again. */
export const mqttSessionSecondsMax = 7 * 24 * 3600;

/** Parts on their way at once: enough to fill a link of 50 Mbit/s at 200 ms, few enough to send again after a loss. */
export const partsInFlightCountMax = 4;

/** A part whose receipt has not come after this is sent again: a queue of minutes at a site is usual, an hour is not. */
export const receiptWaitMs = 120_000;

/** Parts that the broker has and the cloud has not said anything of: some 50 MB, which any broker holds. */
export const partsUnreceiptedCountMax = 64;

/**
 * Field and cloud calibrate with the same code: with the same references they differ by what parts are rounded to, 1e-4. Beyond
 * these the references differ, or a program does: half a per cent of reflectance is what a dirty panel gives, and 0.01 of
 * NDVI is what the best plot trials tell apart.
 */
export const edgeReflectanceTolerance = 0.005;
export const edgeNdviTolerance = 0.01;

/** A part of 900 KiB that claims more than this expands beyond reason: the largest seen holds four million values. */
export const partRowCountMax = 2_000_000;
export const partValueCountMax = 40_000_000;

/** Bytes of parts that a sink commits at once at most: some hundred megabytes of values, which its 2 GiB hold. */
export const sinkBatchBytesMax = 16 * mib;

/** Values that parts of one commit expand to: a part may claim far more than its bytes, and several of those must fit too. */
export const sinkBatchValueCountMax = 60_000_000;

/** One broken device among many is buried and told of; a topic in which nothing is a part is a mistake that a person must look at. */
export const deadPartsInRowCountMax = 100;

/** Row groups of the cloud's pixels that the comparison of one cube with its field machine reads: some hundred thousand pixels. */
export const comparedRowGroupCountMax = 16;

/** The same for all cubes of a settlement, which has minutes: 0.2 s each from S3. */
export const comparedRowGroupSumMax = 128;

/** A call of the settler has five minutes, and its commits come after the comparisons. */
export const edgeComparisonMsMax = 90_000;

/** Cells that one comparison holds, 400 bytes each; with cells of one pixel a row group has more. */
export const comparedCellCountMax = 131_072;
