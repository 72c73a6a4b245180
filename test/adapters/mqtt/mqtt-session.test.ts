import { describe, expect, it } from 'vitest';
import { openMqttPartLink } from '#adapters/mqtt/mqtt-part-link.ts';
import { openMqttPartSource } from '#adapters/mqtt/mqtt-part-source.ts';
import {
  checkMqttOptions,
  isRefusal,
  type MqttOptions,
  mqttFailure,
  reconnectWaitMs,
} from '#adapters/mqtt/mqtt-session.ts';
import { ConfigurationError } from '#core/errors.ts';
import { silentProgress } from '#core/ports/progress.ts';

const noTls: MqttOptions['tls'] = { ca: null, cert: null, key: null };
const optionsOf = (uri: string, tls = noTls) => ({ uri, clientId: 'tractor-1', tls });

describe('a session of MQTT', () => {
  it.each(['mqtt://127.0.0.1:1883', 'mqtts://broker.site.example:8883', 'mqtts://[::1]:8883'])('takes %s', (uri) => {
    expect(() => checkMqttOptions(optionsOf(uri))).not.toThrow();
  });

  it.each(['', 'tractor', 'http://broker:1883', 'mqtt://', '127.0.0.1:1883', 'mqtt://u:secret/word@broker:1883'])(
    'refuses %j as an address',
    (uri) => {
      expect(() => checkMqttOptions(optionsOf(uri))).toThrow(ConfigurationError);
      expect(() => openMqttPartLink({ ...optionsOf(uri), deviceId: 'tractor-1' })).toThrow(ConfigurationError);
      expect(() => openMqttPartSource(optionsOf(uri), silentProgress)).toThrow(ConfigurationError);
    },
  );

  it('refuses certificates without TLS, and half a pair of them', () => {
    expect(() => checkMqttOptions(optionsOf('mqtt://broker', { ...noTls, ca: 'ca.pem' }))).toThrow('mqtts://');
    expect(() => checkMqttOptions(optionsOf('mqtts://broker', { ...noTls, cert: 'a.pem' }))).toThrow('--key');
    expect(() => checkMqttOptions(optionsOf('mqtts://broker', { ...noTls, key: 'a.pem' }))).toThrow('--cert');
  });

  // A password with an @ or a / stood in the message of its failure.
  it.each(['mqtt://u:secret@host', 'mqtt://u:s/ec@ret@host', 'mqtt://u:secret/@host:1', 'x://u:sec@ret@'])(
    'names %s without its password',
    (uri) => {
      const words = mqttFailure(new Error('Connection refused'), optionsOf(uri));
      expect(words).toContain('Connection refused (');
      expect(words).toContain('//***@');
      expect(words).not.toMatch(/sec|ret|s\/ec/);
      if (!URL.canParse(uri) || !uri.startsWith('mqtt')) {
        expect(() => checkMqttOptions(optionsOf(uri))).toThrow(/"[a-z]+:\/\/\*\*\*@/);
      }
    },
  );

  it('says in one line what OpenSSL says', () => {
    const cause = new Error(
      '402DE3D9:error:0A00045C:SSL routines:ssl3_read_bytes:alert certificate required:a.c:918:\n',
    );
    expect(mqttFailure(cause, optionsOf('mqtts://broker'))).toBe(
      '0A00045C:SSL routines:ssl3_read_bytes:alert certificate required:a.c:918: (mqtts://broker)',
    );
  });

  it('knows what no later attempt changes', () => {
    expect([0x86, 0x87, 0x8a].map((code) => isRefusal({ code }))).toEqual([true, true, true]);
    expect([{ code: 'ECONNREFUSED' }, { code: 0x88 }, {}, null].map(isRefusal)).toEqual([false, false, false, false]);
  });

  it('waits longer after each attempt, half a minute at most, and not as long as others', () => {
    for (let attempt = 1; attempt < 2000; attempt++) {
      const waitMs = reconnectWaitMs(attempt);
      expect(waitMs).toBeGreaterThanOrEqual(Math.min(15_000, 250 * 2 ** (attempt - 1)));
      expect(waitMs).toBeLessThanOrEqual(Math.min(30_000, 500 * 2 ** (attempt - 1)));
    }
  });
});
