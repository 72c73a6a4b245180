/** A request in JSON 1.1 to a service of moto that the project has no client for; moto looks at the service in the signature only. */
export async function motoRequest(motoUri: string, service: string, target: string, body: object): Promise<unknown> {
  const response = await fetch(motoUri, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      authorization: `AWS4-HMAC-SHA256 Credential=testing/20260701/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Expected ${target} to be done, got ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text || '{}');
}

/** A role that moto's Batch insists on; whom it trusts does not matter to it. */
export async function makeRole(motoUri: string, RoleName: string): Promise<string> {
  const response = await fetch(motoUri, {
    method: 'POST',
    headers: {
      authorization:
        'AWS4-HMAC-SHA256 Credential=testing/20260701/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: new URLSearchParams({
      Action: 'CreateRole',
      Version: '2010-05-08',
      RoleName,
      AssumeRolePolicyDocument: '{}',
    }),
  });
  const arn = /<Arn>(.+?)<\/Arn>/.exec(await response.text())?.[1];
  if (arn === undefined) throw new Error(`Expected a role, got ${response.status}`);
  return arn;
}
