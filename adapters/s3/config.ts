import { ConfigurationError } from '#core/errors.ts';
import { environment } from '#schemas/environment.ts';
import type { S3ConnectionOptions } from './s3-connection.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Where S3 is. Keys, profile and role stay with the SDK, which looks for them where every AWS tool does; an endpoint of
 * one's own is addressed by path, needs no region, and is not trusted to list in order.
 * @throws ConfigurationError that names the variable. Disposition: stop.
 */
export function readS3Options(variables: Variables = process.env): S3ConnectionOptions {
  const given = (name: string): string | null => variables[name] || null;
  const endpoint = given(environment.s3Endpoint) ?? given('AWS_ENDPOINT_URL_S3') ?? given('AWS_ENDPOINT_URL');
  if (endpoint !== null && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
    throw new ConfigurationError(
      `Expected http://host:port or https://host, got "${endpoint}" (${environment.s3Endpoint}). Give such an address.`,
    );
  const region = given('AWS_REGION') ?? given('AWS_DEFAULT_REGION');
  const pathStyle = given(environment.s3PathStyle);
  if (pathStyle !== null && pathStyle !== 'true' && pathStyle !== 'false')
    throw new ConfigurationError(`Expected true or false, got "${pathStyle}" (${environment.s3PathStyle}).`);
  return {
    endpoint,
    hasOrderedListings: endpoint === null,
    region: region ?? (endpoint === null ? null : 'us-east-1'),
    isPathStyle: pathStyle === null ? endpoint !== null : pathStyle === 'true',
  };
}
