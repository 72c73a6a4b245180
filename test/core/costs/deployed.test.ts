import { describe, expect, it } from 'vitest';
import { deployed } from '#core/costs/deployed.ts';
import { jobVcpus } from '#core/costs/job-costs.ts';
import { rawTiers } from '#core/costs/storage-costs.ts';
import { synthesize } from '../../infra/synthesized.ts';

const { storage, network, processing, watch } = synthesize();
const propertiesOf = (template: typeof storage, type: string) =>
  Object.values(template.findResources(type)).map(({ Properties }) => Properties);

describe('what the plan takes for deployed', () => {
  it('is what the templates deploy: endpoints, zones, keys, alarms, dashboards', () => {
    const endpoints = propertiesOf(network, 'AWS::EC2::VPCEndpoint').filter(
      ({ VpcEndpointType }) => VpcEndpointType === 'Interface',
    );
    expect(endpoints).toHaveLength(deployed.interfaceEndpointCount);
    for (const { SubnetIds } of endpoints) expect(SubnetIds).toHaveLength(deployed.zoneCount);
    expect(propertiesOf(network, 'AWS::EC2::NatGateway')).toHaveLength(0);
    expect(propertiesOf(storage, 'AWS::KMS::Key')).toHaveLength(deployed.keyCount);
    expect(propertiesOf(watch, 'AWS::CloudWatch::Alarm')).toHaveLength(deployed.alarmCount);
    expect(propertiesOf(watch, 'AWS::CloudWatch::Dashboard')).toHaveLength(deployed.dashboardCount);
  });

  it('is what they compute with: memory, schedules, messages per call, vCPUs of a job and of all', () => {
    const functions = propertiesOf(processing, 'AWS::Lambda::Function').filter(({ MemorySize }) => MemorySize);
    for (const { MemorySize } of functions) expect(MemorySize).toBe(deployed.functionMemoryGb * 1024);
    processing.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: deployed.messagesPerCallMax,
      ScalingConfig: { MaximumConcurrency: deployed.batcherCallCountMax },
    });
    const rates = propertiesOf(processing, 'AWS::Events::Rule').map(({ ScheduleExpression }) => ScheduleExpression);
    expect(rates).toEqual(
      expect.arrayContaining(['rate(1 minute)', `rate(${deployed.flushMinutes} minutes)`, 'rate(1 hour)']),
    );
    expect(deployed.scheduledCallsPerHour).toBe(60 + 60 / deployed.flushMinutes + 1);
    for (const { ComputeResources } of propertiesOf(processing, 'AWS::Batch::ComputeEnvironment'))
      expect(ComputeResources.MaxvCpus).toBe(deployed.vcpusMax);
    const [definition] = propertiesOf(processing, 'AWS::Batch::JobDefinition');
    expect(definition.ContainerProperties.ResourceRequirements).toContainEqual({ Type: 'VCPU', Value: `${jobVcpus}` });
  });

  it('is the lifecycle of the raw bucket', () => {
    const rules = propertiesOf(storage, 'AWS::S3::Bucket').flatMap(
      ({ LifecycleConfiguration }) => LifecycleConfiguration?.Rules ?? [],
    );
    const moving = rules.filter(({ Transitions }) => Transitions !== undefined);
    expect(moving).toHaveLength(1);
    expect(moving[0].Transitions).toEqual([
      { StorageClass: 'GLACIER_IR', TransitionInDays: rawTiers.glacierInstantAfterDays },
      { StorageClass: 'DEEP_ARCHIVE', TransitionInDays: rawTiers.deepArchiveAfterDays },
    ]);
  });
});
