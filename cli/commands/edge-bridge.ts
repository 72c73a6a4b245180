import { kafkaPartsTopic } from '#schemas/edge-messages.ts';
import { type Command, stopSignal, textOption } from '../command.ts';
import { deployedKafka } from '../config.ts';
import { kafkaOf, kafkaOptions, mqttOf, mqttOptions, stableName } from '../edge/broker-options.ts';

export const command: Command = {
  name: 'edge bridge',
  summary: 'bring parts of field machines from MQTT to Kafka',
  usage: '--broker URI [--kafka BROKERS]',
  details:
    'MQTT is told of a part only when Kafka has it; then its device gets a receipt. What is no part goes to the topic\ncubelake.parts.dead with its cause. Several bridges share the parts: give each a --name of its own.',
  options: {
    ...mqttOptions,
    ...kafkaOptions,
    topic: {
      type: 'string',
      value: 'NAME',
      help: `topic of the parts in Kafka (default $CUBELAKE_KAFKA_TOPIC or ${kafkaPartsTopic})`,
    },
    name: { type: 'string', value: 'ID', help: 'name of this bridge, the same after a restart (default the host’s)' },
  },
  async run(call, io) {
    const name = stableName(call, 'name');
    const mqtt = mqttOf(call, 'edge bridge', `cubelake-bridge-${name}`);
    const kafka = await kafkaOf(call, 'edge bridge', `cubelake-bridge-${name}`);
    const { runBridge } = await import('#edge-k3s/bridge/run-bridge.ts');
    const partsTopic = textOption(call, 'topic') ?? deployedKafka().topic ?? kafkaPartsTopic;
    await runBridge({ mqtt, kafka, partsTopic, progress: io.progress }, stopSignal(io));
  },
};
