import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigurationError } from '#core/errors.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { environment } from '#schemas/environment.ts';
import { type CommandIo, parseCall } from '../../../cli/command.ts';
import { command } from '../../../cli/commands/edge-bridge.ts';
import { kafkaOf } from '../../../cli/edge/broker-options.ts';
import { temporaryFolder } from '../../edge-k3s/agent/field.ts';

const io: CommandIo = {
  print: () => {},
  printBytes: () => {},
  progress: silentProgress,
  stopped: () => new Promise(() => {}),
};
const mqtt = ['--broker', 'mqtt://localhost'];
const run = (parameters: readonly string[]) => command.run(parseCall(command, [...parameters]), io);

afterEach(() => vi.unstubAllEnvs());

describe('edge bridge', () => {
  it.each([
    ['no brokers of Kafka', mqtt, /Expected --kafka/],
    ['no broker of MQTT', ['--kafka', 'a:9092'], /Expected --broker/],
    ['an address that is none', [...mqtt, '--kafka', 'a'], /HOST:PORT\[.*got "a"/],
    ['a certificate of its own without its key', [...mqtt, '--kafka', 'a:1', '--kafka-cert', 'here'], /--kafka-c/],
    ['certificates that are not there', [...mqtt, '--kafka', 'a:1', '--kafka-ca', '/nowhere'], /--kafka-ca.*\/nowhere/],
    ['a name that is none', [...mqtt, '--kafka', 'a:1', '--name', 'a b'], /as --name, got "a b"/],
  ])('refuses %s', async (_, parameters, words) => {
    const failure = await run(parameters).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(String(failure)).toMatch(words);
  });

  it('asks the deployed cluster for its brokers when none are named', async () => {
    vi.stubEnv(environment.kafkaClusterArn, 'no-arn');
    await expect(run(mqtt)).rejects.toThrow('Expected the ARN of a cluster of MSK, got "no-arn".');
  });

  it('speaks TLS to Kafka where there are certificates', async () => {
    vi.stubEnv(environment.kafkaClusterArn, 'no-arn');
    const ca = join(temporaryFolder(), 'ca.pem');
    writeFileSync(ca, 'PEM');
    const of = (parameters: readonly string[]) =>
      kafkaOf(parseCall(command, ['--kafka', 'a:9092', ...parameters]), 'edge bridge', 'c');
    expect(await of([])).toEqual({ brokers: ['a:9092'], clientId: 'c', tls: null, sasl: null });
    expect(await of(['--kafka-ca', ca])).toMatchObject({ tls: { ca: Buffer.from('PEM') }, sasl: null });
  });
});
