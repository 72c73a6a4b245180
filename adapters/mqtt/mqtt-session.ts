import { readFileSync } from 'node:fs';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { ConfigurationError } from '#core/errors.ts';
import { mqttSessionSecondsMax, partMessageBytesMax } from '#core/limits.ts';

export interface MqttOptions {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly uri: string;
  /** Stable: the broker keeps the session of this name. */
  readonly clientId: string;
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
}

const connectTimeoutMs = 10_000;

/**
 * One connection of a durable session of MQTT 5; a lost one is not mended here, since whoever uses it must know what was
 * on its way.
 *
 * @param more `keepalive`, in seconds: it is lost when nothing came for one and a half times as long.
 */
export function connectOnce(options: MqttOptions, more: IClientOptions & { readonly keepalive: number }): MqttClient {
  return mqtt.connect(options.uri, {
    protocolVersion: 5,
    clientId: options.clientId,
    clean: false,
    reconnectPeriod: 0,
    connectTimeout: connectTimeoutMs,
    ...tlsOf(options),
    ...more,
    properties: {
      sessionExpiryInterval: mqttSessionSecondsMax,
      maximumPacketSize: partMessageBytesMax + 64 * 1024,
      ...more.properties,
    },
  });
}

/** @throws ConfigurationError for an address or files that cannot be. Disposition: stop. */
export function checkMqttOptions({ uri, tls }: MqttOptions): void {
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (url === null || !['mqtt:', 'mqtts:'].includes(url.protocol) || url.hostname === '') {
    throw new ConfigurationError(
      `Expected mqtt://HOST:PORT or mqtts://HOST:PORT as --broker, got "${withoutSecret(uri)}".`,
    );
  }
  const isSecure = url.protocol === 'mqtts:';
  if (!isSecure && (tls.ca ?? tls.cert ?? tls.key) !== null) {
    throw new ConfigurationError('Expected mqtts:// beside --ca, --cert or --key, got mqtt://, which has no TLS.');
  }
  if ((tls.cert === null) !== (tls.key === null))
    throw new ConfigurationError('Expected --cert and --key together, got one of them.');
}

/** Read anew at each connection: certificates are renewed while programs run. */
function tlsOf({ tls }: MqttOptions): IClientOptions {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (cause) {
      throw new ConfigurationError(
        `Expected a readable file, got none (${path}). Check --ca, --cert and --key.`,
        {},
        cause,
      );
    }
  };
  return {
    rejectUnauthorized: true,
    ...(tls.ca === null ? {} : { ca: read(tls.ca) }),
    ...(tls.cert === null ? {} : { cert: read(tls.cert) }),
    ...(tls.key === null ? {} : { key: read(tls.key) }),
  };
}

function withoutSecret(uri: string): string {
  // Up to the last @: a password may hold any character, and an address that is none as well.
  return uri.replace(/\/\/.*@/s, '//***@');
}

/** Reason codes of MQTT 5 that no later attempt will change: bad name or password, not authorized, banned, bad certificate. */
const refusals = new Set([0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c]);

/** In words; the address is named without its password. */
export function mqttFailure(error: unknown, { uri }: MqttOptions): string {
  const { message, code } = error as { message?: string; code?: number | string };
  // OpenSSL ends its lines, and begins them with the number of a thread.
  const words = message?.trim().replace(/^[0-9A-F]+:error:/, '');
  return `${words || code || 'connection lost'} (${withoutSecret(uri)})`;
}

export function isRefusal(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: number | string };
  return typeof code === 'number' && refusals.has(code);
}

const waitMsMin = 500;
const waitMsMax = 30_000;

/** Before the n-th attempt in a row, from 1. */
export function reconnectWaitMs(attempt: number): number {
  return Math.min(waitMsMax, waitMsMin * 2 ** (attempt - 1)) * (0.5 + 0.5 * Math.random());
}
