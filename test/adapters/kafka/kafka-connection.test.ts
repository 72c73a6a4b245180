import { describe, expect, it } from 'vitest';
import { clientOptions, kafkaBrokers } from '#adapters/kafka/kafka-connection.ts';
import { hasErrorId, isUnknownTopic, kafkaError } from '#adapters/kafka/kafka-errors.ts';
import { ConfigurationError, TemporaryError } from '#core/errors.ts';

describe('addresses of Kafka', () => {
  it('are one or several', () => {
    expect(kafkaBrokers('a:9092, b.example:19092')).toEqual(['a:9092', 'b.example:19092']);
  });

  it.each(['', 'a', 'a:', ':9092', 'kafka://a:9092', 'a:9092,'])('are not "%s"', (text) => {
    expect(() => kafkaBrokers(text)).toThrow(ConfigurationError);
  });

  it('are named to TLS, which brokers of one address need', () => {
    const options = { brokers: ['a:9098'], clientId: 'c', sasl: null };
    expect(clientOptions({ ...options, tls: {} })).toMatchObject({ tls: {}, tlsServerName: true });
    expect(clientOptions({ ...options, tls: null })).not.toHaveProperty('tlsServerName');
  });
});

describe('an error of the library', () => {
  const refused = Object.assign(new Error('Received response with error.'), {
    errors: [Object.assign(new Error('The server has no such topic.'), { apiId: 'UNKNOWN_TOPIC_OR_PARTITION' })],
  });
  const nested = Object.assign(new Error('produce failed 4 times.'), { errors: [new Error('first'), refused] });

  it('is one sentence with the innermost cause', () => {
    const error = kafkaError(nested, 'take a message of topic parts');
    expect(error).toBeInstanceOf(TemporaryError);
    expect(error.message).toBe('Expected Kafka to take a message of topic parts, got: The server has no such topic.');
    expect(error.cause).toBe(nested);
  });

  it('is known by Kafka’s own name of it, however deep it lies', () => {
    expect(isUnknownTopic(nested)).toBe(true);
    expect(isUnknownTopic(new Error('Unknown topic parts.'))).toBe(true);
    expect(isUnknownTopic(new Error('other'))).toBe(false);
    expect(hasErrorId(new Error('outer', { cause: refused }), ['UNKNOWN_TOPIC_OR_PARTITION'])).toBe(true);
    expect(hasErrorId(nested, ['OFFSET_OUT_OF_RANGE'])).toBe(false);
  });
});
