import { kafkaPartsTopic } from '#schemas/edge-messages.ts';
import { type Command, hasFlag, lakeOption, numberOption, stopSignal, textOption } from '../command.ts';
import { deployedKafka, lakePlace } from '../config.ts';
import { kafkaOf, kafkaOptions } from '../edge/broker-options.ts';
import { openOwnTables } from '../open-tables.ts';

export const command: Command = {
  name: 'edge sink',
  summary: 'take parts of field machines from Kafka into silver and gold, each exactly once',
  usage: '[--kafka BROKERS] [--lake LAKE]',
  details:
    'How far the topic is read stands in the tables, in the same commit as the rows. A second sink of the same group ends itself.\nWhat is no part goes to the topic cubelake.parts.dead with its cause.',
  options: {
    lake: lakeOption,
    ...kafkaOptions,
    topic: {
      type: 'string',
      value: 'NAME',
      help: `topic of the parts (default $CUBELAKE_KAFKA_TOPIC or ${kafkaPartsTopic})`,
    },
    group: {
      type: 'string',
      value: 'NAME',
      help: 'names the offsets in the tables (default $CUBELAKE_KAFKA_GROUP or cubelake-sink)',
    },
    'interval-s': { type: 'string', value: 'S', help: 'between two commits, default 60' },
    'until-idle-s': {
      type: 'string',
      value: 'S',
      help: 'end when nothing has come for so long and Kafka holds nothing more',
    },
    'accept-gap': { type: 'boolean', help: 'go on although messages that were not read are gone; needed once' },
    'new-epoch': { type: 'boolean', help: 'read a topic that was made again from its beginning' },
  },
  async run(call, io) {
    const seconds = { min: 0.1, max: 86_400 };
    const idleSeconds = numberOption(call, 'until-idle-s', seconds);
    const options = {
      kafka: await kafkaOf(call, 'edge sink', 'cubelake-sink'),
      topic: textOption(call, 'topic') ?? deployedKafka().topic ?? kafkaPartsTopic,
      group: textOption(call, 'group') ?? deployedKafka().group ?? 'cubelake-sink',
      commitIntervalMs: 1000 * (numberOption(call, 'interval-s', seconds) ?? 60),
      idleMsMax: idleSeconds === null ? null : 1000 * idleSeconds,
      acceptsGap: hasFlag(call, 'accept-gap'),
      startsNewEpoch: hasFlag(call, 'new-epoch'),
      progress: io.progress,
    };
    const { runSink } = await import('#edge-k3s/sink/run-sink.ts');
    const tables = openOwnTables(lakePlace(call), { mustExist: false });
    try {
      await runSink({ ...options, tables }, stopSignal(io));
    } finally {
      tables.close();
    }
  },
};
