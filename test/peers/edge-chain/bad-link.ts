// The link between field and site: a TCP proxy that can be cut, slowed and mended.
import { connect, createServer, type Server, type Socket } from 'node:net';

export class BadLink {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  #isCut = false;

  /** @param target `host:port` */
  constructor(target: string) {
    const [host, port] = target.split(':') as [string, string];
    this.#server = createServer((near) => {
      if (this.#isCut) return void near.destroy();
      const far = connect({ host, port: Number(port) });
      this.#sockets.add(near).add(far);
      this.#carry(near, far);
      this.#carry(far, near);
    });
  }

  /** @returns The port that it listens on. */
  listen(): Promise<number> {
    return new Promise((resolve) =>
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as { port: number }).port)),
    );
  }

  /** Ends every connection, in the middle of whatever it carries, and takes no new ones. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  /** @param bytesPerSecond Each way. */
  mend(bytesPerSecond = Number.POSITIVE_INFINITY): void {
    this.#isCut = false;
    this.#bytesPerSecond = bytesPerSecond;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #carry(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      const waitMs = (1000 * bytes.length) / this.#bytesPerSecond;
      if (waitMs < 1) return void to.write(bytes);
      from.pause();
      setTimeout(() => {
        to.write(bytes);
        from.resume();
      }, waitMs);
    });
    const end = (): void => {
      from.destroy();
      to.destroy();
    };
    from.on('close', end);
    from.on('error', end);
  }
}
