import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MqttOptions } from '#adapters/mqtt/mqtt-session.ts';
import { bridge, field, noTls, partOf, requireSame, until } from './field-and-bridge.ts';

/** Whoever has no certificate of the site's authority gets no link, and learns why; a renewed one is read. */
export async function certificates(uri: string, folder: string): Promise<string> {
  const tlsOf = (from: string, name: string): MqttOptions['tls'] => {
    const file = (kind: string): string => join(folder, from, `${name}.${kind}`);
    return { ca: join(folder, from, 'ca.crt'), cert: file('crt'), key: file('key') };
  };
  const arrived: string[] = [];
  const working = bridge(
    uri,
    async (message, sendReceipt) => {
      arrived.push(requireSame(message));
      sendReceipt({ id: requireSame(message), outcome: 'stored', reason: null });
    },
    tlsOf('certificates', 'cubelake-bridge'),
  );
  const good = field(uri, tlsOf('certificates', 'tractor-1'));
  await until('a link and a bridge with certificates', () => good.link.isConnected() && working.isSubscribed());
  const part = partOf(1, 1000);
  await good.link.publish(part);
  await until('a receipt', () => good.receipts.length > 0);
  assert.equal(good.receipts[0]!.id, part.attributes.id);
  await good.link.close();

  const site = tlsOf('certificates', 'tractor-1');
  const refused = {
    'no certificate': { ...noTls, ca: site.ca },
    'a certificate of another authority': { ...tlsOf('other', 'tractor-1'), ca: site.ca },
    'a broker of another authority': { ...site, ca: tlsOf('other', 'tractor-1').ca },
    'a broker that no authority of the system knows': { ...site, ca: null },
  };
  for (const [name, tls] of Object.entries(refused)) {
    const { link, changes } = field(uri, tls);
    await until(`no link with ${name}`, () => changes.some(({ error }) => error !== null));
    assert.ok(!changes.some(({ isConnected }) => isConnected), name);
    console.log(`   ${name}: ${changes.find(({ error }) => error !== null)?.error}`);
    await link.close();
  }

  const renewed = join(folder, 'renewed');
  mkdirSync(renewed);
  const copy = (from: string): void => {
    for (const kind of ['crt', 'key'])
      copyFileSync(join(folder, from, `tractor-1.${kind}`), join(renewed, `tractor-1.${kind}`));
  };
  copy('other');
  const { link, changes } = field(uri, { ...tlsOf('renewed', 'tractor-1'), ca: site.ca });
  await until('no link with the other certificate', () => changes.some(({ error }) => error !== null));
  assert.ok(!link.isConnected());
  copy('certificates');
  await until('a link once the certificate is renewed', () => link.isConnected());
  await link.close();
  await working.stop();
  return 'the site takes its own certificates, also renewed ones, and says why it takes no others';
}
