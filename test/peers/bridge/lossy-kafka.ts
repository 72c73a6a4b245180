// A broker of Kafka whose answers to producers get lost: a proxy that knows as much of the protocol as that takes.
import { connect, createServer, type Server, type Socket } from 'node:net';

const produceApi = 0;

export class LossyKafka {
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #isLost: (answerIndex: number) => boolean;
  #port = 0;
  #answerCount = 0;
  lostCount = 0;

  /**
   * @param target `host:port`; the broker is known to clients by the same.
   * @param isLost Asked for the n-th answer to a producer, from 0: the connection is cut in its place.
   */
  constructor(target: string, isLost: (answerIndex: number) => boolean) {
    const [host, port] = target.split(':') as [string, string];
    this.#target = { host, port: Number(port) };
    this.#isLost = isLost;
    this.#server = createServer((near) => this.#carry(near, connect(this.#target)));
  }

  /** @returns `host:port` of the proxy. */
  listen(): Promise<string> {
    return new Promise((resolve) =>
      this.#server.listen(0, '127.0.0.1', () => {
        this.#port = (this.#server.address() as { port: number }).port;
        resolve(`127.0.0.1:${this.#port}`);
      }),
    );
  }

  close(): void {
    this.#server.close();
  }

  #carry(near: Socket, far: Socket): void {
    const produced = new Set<number>();
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    eachFrame(near, (frame) => {
      if (frame.readInt16BE(4) === produceApi) produced.add(frame.readInt32BE(8));
      far.write(frame);
    });
    eachFrame(far, (frame) => {
      if (produced.has(frame.readInt32BE(4)) && this.#isLost(this.#answerCount++)) {
        this.lostCount++;
        end();
      } else near.write(this.#withOwnAddress(frame));
    });
    for (const socket of [near, far]) socket.on('close', end).on('error', end);
  }

  /** The broker tells clients its own address: host and port, in this order. */
  #withOwnAddress(frame: Buffer): Buffer {
    const address = (port: number): Buffer => {
      const bytes = Buffer.alloc(this.#target.host.length + 4);
      bytes.write(this.#target.host);
      bytes.writeInt32BE(port, this.#target.host.length);
      return bytes;
    };
    const at = frame.indexOf(address(this.#target.port));
    if (at >= 0) address(this.#port).copy(frame, at);
    return frame;
  }
}

/** Frames begin with their length without it, in four bytes. */
function eachFrame(socket: Socket, take: (frame: Buffer) => void): void {
  let held = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const sizeBytes = 4 + held.readInt32BE(0);
      take(Buffer.from(held.subarray(0, sizeBytes)));
      held = held.subarray(sizeBytes);
    }
  });
}
