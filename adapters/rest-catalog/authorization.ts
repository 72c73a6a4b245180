import type { Clock } from '#core/ports/clock.ts';
import { type AwsCredentials, type RequestToSign, signV4 } from '#core/signing/sign-v4.ts';
import { OAuthTokens } from './oauth-tokens.ts';
import type { Transport } from './transport.ts';

/** How requests prove who sends them. Functions are asked for each request, so that credentials may change. */
export type Authorization =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: () => Promise<string> }
  | {
      readonly kind: 'oauth2';
      /** Absolute; an identity provider's, or `<catalog>/v1/oauth/tokens` of older catalogs. */
      readonly tokenUri: string;
      readonly clientId: string;
      readonly clientSecret: () => Promise<string>;
      readonly scope?: string;
    }
  | {
      readonly kind: 'sigv4';
      readonly region: string;
      /** `glue` or `s3tables`. */
      readonly service: string;
      readonly credentials: () => Promise<AwsCredentials>;
    };

export interface Authorizer {
  /** The headers that prove the sender, to be added to the request's. */
  headers(request: RequestToSign): Promise<Record<string, string>>;
  /** After a 401: true when there is a newer proof, with which the request may be sent once more. */
  renew(): Promise<boolean>;
}

export function authorizer(authorization: Authorization, transport: Transport, clock: Clock): Authorizer {
  switch (authorization.kind) {
    case 'none':
      return { headers: async () => ({}), renew: async () => false };
    case 'bearer': {
      const { token } = authorization;
      let used = '';
      return {
        headers: async () => {
          used = await token();
          return { authorization: `Bearer ${used}` };
        },
        renew: async () => (await token()) !== used,
      };
    }
    case 'oauth2': {
      const tokens = new OAuthTokens(authorization, transport, clock);
      return {
        headers: async () => ({ authorization: `Bearer ${await tokens.current()}` }),
        renew: async () => {
          tokens.forget();
          return true;
        },
      };
    }
    case 'sigv4': {
      const { region, service, credentials } = authorization;
      return {
        headers: async (request) =>
          signV4(request, { region, service, nowMs: clock.nowMs(), credentials: await credentials() }),
        renew: async () => false,
      };
    }
  }
}
