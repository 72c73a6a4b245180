import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** One deployment: everything that differs between two of them, and nothing else. */
export const deploymentSchema = z.strictObject({
  /** Begins the names of all resources; short, because bucket names have 63 characters. */
  name: z.string().regex(/^[a-z][a-z0-9-]{1,19}$/),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  /** Requests by principals outside the organisation are refused; null where there is none. */
  organization_id: z
    .string()
    .regex(/^o-[a-z0-9]{10,32}$/)
    .nullable(),
  /** Raw objects cannot be deleted or overwritten for so many days; null without Object Lock. It can never be switched off again. */
  object_lock_days: z.int().min(1).max(36_500).nullable(),
  /** Repository in ECR of the same account, and the tag that jobs run. */
  image: z.strictObject({ repository: z.string().min(2), tag: z.string().min(1) }),
  batch: z.strictObject({
    kernel: z.enum(['cpu', 'gpu']),
    vcpus_max: z.int().min(2).max(10_000),
    /** A granule that takes longer is stopped and counts as failed. */
    job_hours_max: z.number().positive().max(24),
    /** Price of one vCPU of the hosts, for the estimate of a cube's cost: Spot's of the last days. Nothing is bought by it. */
    vcpu_hour_usd: z.number().positive(),
  }),
  /** A manifest whose settlement takes longer is stuck, and half as long without a host is late: somebody must look. */
  unsettled_hours_max: z.number().positive().max(168),
  /** A dearer cube is told, by the estimate. */
  cube_usd_max: z.number().positive(),
  /**
   * Where tables are found: `pointer` is a record in the warehouse, enough for Cubelake itself; `glue` is what Athena and
   * other engines see. S3 Tables is no choice: it keeps the files of each table in a bucket of its own, while jobs write
   * data files before their table is asked for.
   */
  catalog: z.enum(['pointer', 'glue']),
  edge: z.strictObject({
    /** A Kafka for field machines and the service that writes its parts to the tables. */
    kafka: z.enum(['none', 'msk-serverless']),
    /** Networks of the field machines, joined by VPN: who may reach the brokers besides the sink. */
    client_cidrs: z.array(z.string().regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/)),
  }),
  /** Sends what waits, however little it is, so that a single cube in winter is not stuck. */
  flush_minutes: z
    .int()
    .min(1)
    .max(24 * 60),
  /** A query that would scan more is cancelled. */
  athena_scan_gigabytes_max: z.int().min(1),
  /** Receives alarms; each subscriber confirms once. */
  alarm_email: z.email(),
  monthly_budget_usd: z.number().positive(),
});

export type Deployment = z.infer<typeof deploymentSchema>;

/** @throws Error that names each field that is wrong. */
export function readDeployment(path: string): Deployment {
  const parsed = deploymentSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`Expected a deployment, got one that is not (${path}).\n${z.prettifyError(parsed.error)}`);
}

/** Bucket names are unique in the world: account and region make them so. */
export function bucketNameOf(deployment: Deployment, what: string): string {
  return `${deployment.name}-${what}-${deployment.account}-${deployment.region}`;
}
