import { createHash } from 'node:crypto';
import { ConfigurationError } from '#core/errors.ts';
import { idPattern, idRule } from '#schemas/object-keys.ts';

/**
 * An id for a key from a file's name: lower case, every other character an underscore. A name that had to be changed or
 * cut gets eight digits of its hash, so that two names never become one id.
 */
export function idFromName(name: string): string {
  if (idPattern.test(name)) return name;
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '_')
    .replace(/^[_-]+/, '');
  if (idPattern.test(plain) && plain === name.toLowerCase()) return plain;
  const digits = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${plain.slice(0, 55)}_${digits}`.replace(/^_/, '');
}

/** @throws ConfigurationError naming the option. */
export function requireId(value: string, option: string): string {
  if (idPattern.test(value)) return value;
  throw new ConfigurationError(`Expected ${idRule} as --${option}, got "${value}".`, { option });
}
