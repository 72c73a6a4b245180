import { describe, expect, it } from 'vitest';
import { inheritedVariables, readJobConfig } from '#batch-jobs/process-granule/config.ts';
import { openStore } from '#batch-jobs/process-granule/open-store.ts';
import { ConfigurationError } from '#core/errors.ts';

const variables = {
  CUBELAKE_RAW_URI: 'file:///lake/raw',
  CUBELAKE_WAREHOUSE_URI: 'file:///lake/warehouse',
  CUBELAKE_MANIFEST_ID: 'm',
};

describe('the configuration of a job', () => {
  it('takes the first granule in its first attempt where nothing says otherwise', () => {
    expect(readJobConfig(variables)).toEqual({
      rawUri: 'file:///lake/raw',
      warehouseUri: 'file:///lake/warehouse',
      manifestId: 'm',
      granuleIndex: 0,
      attempt: 1,
      threadCount: null,
      kernel: 'auto',
      crashAt: null,
    });
  });

  it('takes index and attempt from AWS Batch, and its own names before those', () => {
    const batch = { ...variables, AWS_BATCH_JOB_ARRAY_INDEX: '7', AWS_BATCH_JOB_ATTEMPT: '2' };
    expect(readJobConfig(batch)).toMatchObject({ granuleIndex: 7, attempt: 2 });
    const own = { ...batch, CUBELAKE_GRANULE_INDEX: '3', CUBELAKE_ATTEMPT: '4', CUBELAKE_THREADS: '8' };
    expect(readJobConfig(own)).toMatchObject({ granuleIndex: 3, attempt: 4, threadCount: 8 });
  });

  it.each([
    ['CUBELAKE_MANIFEST_ID', ''],
    ['CUBELAKE_RAW_URI', undefined],
    ['CUBELAKE_GRANULE_INDEX', 'one'],
    ['CUBELAKE_GRANULE_INDEX', '-1'],
    ['CUBELAKE_THREADS', '1.5'],
    ['CUBELAKE_KERNEL', 'GPU'],
  ])('names %s when it is %j', (name, value) => {
    const broken = () => readJobConfig({ ...variables, [name]: value });
    expect(broken).toThrow(ConfigurationError);
    expect(broken).toThrow(name);
  });

  it('lets a local job inherit no credentials', () => {
    const inherited = inheritedVariables({ PATH: '/bin', AWS_SECRET_ACCESS_KEY: 's', TOKEN: 't', HOME: undefined });
    expect(inherited).toEqual({ PATH: '/bin' });
  });
});

describe('the store that a URI names', () => {
  it.each(['/lake/raw', 'http://host/x', 'file://host/share', '', 'file:relative'])('refuses %j', (uri) => {
    expect(() => openStore(uri)).toThrow(ConfigurationError);
  });
});
