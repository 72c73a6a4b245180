// One execution environment of Lambda: node lambda-environment.ts dist/functions/NAME/main.mjs. Its parent sends events, one
// at a time, and kills it when a call takes too long. It ends with its parent.
import { pathToFileURL } from 'node:url';

interface Call {
  readonly event: unknown;
  readonly limitMs: number;
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

const { handler } = (await import(pathToFileURL(process.argv[2]!).href)) as { handler: Handler };

process.on('disconnect', () => process.exit(0));
process.on('message', async ({ event, limitMs }: Call) => {
  const endMs = Date.now() + limitMs;
  const context = {
    functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
    functionVersion: '1',
    memoryLimitInMB: '1024',
    awsRequestId: `call-${endMs}`,
    invokedFunctionArn: `arn:aws:lambda:us-east-1:123456789012:function:${process.env['AWS_LAMBDA_FUNCTION_NAME']}`,
    getRemainingTimeInMillis: () => endMs - Date.now(),
  };
  try {
    process.send!({ result: (await handler(event, context)) ?? null });
  } catch (error) {
    process.send!({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
});
process.send!({ ready: true });
