import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../../stack/ports.ts';

const HOST = '127.0.0.1';

/** What becomes of bytes of a client: they go on, they go on and the answer cuts the connection, or they and the connection end here. */
export type Verdict = 'pass' | 'cut-at-answer' | 'cut';

/** What is to become of a piece of what a client sends. Each connection is an object of its own. */
export type Judge = (bytes: Buffer, connection: object) => Verdict;

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Nothing goes through any more, in either direction, and nobody is told: as when a cable is pulled. */
  dead: boolean;
  cutAtAnswer: boolean;
}

/** Stands between a worker and one server, and lets a test break what is between them. */
export class TcpProxy {
  readonly port: number;
  private target: number;
  private readonly server: Server;
  private readonly pairs = new Set<Pair>();
  private holding = false;
  private delayMs = 0;
  private judge: Judge = () => 'pass';

  private constructor(port: number, target: number) {
    this.port = port;
    this.target = target;
    this.server = createServer((client) => this.accept(client));
  }

  /** @param target a port of this machine; @param port where to listen, default a free one */
  static async to(target: number, port?: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port ?? (await freePort()), target);
    await new Promise<void>((resolve, reject) => {
      proxy.server.once('error', reject);
      proxy.server.listen(proxy.port, HOST, resolve);
    });
    return proxy;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.pairs.size;
  }

  /** A URL of the target, by way of this proxy. */
  via(url: string): string {
    const through = new URL(url);
    through.port = String(this.port);
    return through.href;
  }

  /** Resets every connection; the next ones lead to this port. */
  leadTo(port: number): void {
    this.target = port;
    this.cut();
  }

  /** Resets every connection; the next ones are let through. */
  cut(): void {
    for (const pair of this.pairs) this.end(pair);
  }

  /** From now on packets vanish: open connections stay open and dead for ever, new ones are accepted and hear nothing, until `heal`. */
  blackhole(): void {
    this.holding = true;
    for (const pair of this.pairs) pair.dead = true;
  }

  /** New connections are let through again; those that died stay dead. */
  heal(): void {
    this.holding = false;
  }

  /** Each piece of an answer comes so much later. */
  delay(milliseconds: number): void {
    this.delayMs = milliseconds;
  }

  /** `judge` sees what clients send, piece by piece as it comes. */
  watch(judge: Judge = () => 'pass'): void {
    this.judge = judge;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }

  private accept(client: Socket): void {
    const pair: Pair = {
      client,
      server: connect(this.target, HOST),
      dead: this.holding,
      cutAtAnswer: false,
    };
    this.pairs.add(pair);
    for (const socket of [pair.client, pair.server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined); // 'close' follows
      // What one side ends is told to the other, unless nothing gets through any more.
      socket.on('close', () => {
        if (!pair.dead) this.end(pair);
        else if (socket === pair.client) this.pairs.delete(pair);
      });
    }
    pair.client.on('data', (bytes: Buffer) => this.forward(pair, bytes));
    pair.server.on('data', (bytes: Buffer) => this.answer(pair, bytes));
  }

  private forward(pair: Pair, bytes: Buffer): void {
    if (pair.dead) return;
    const verdict = this.judge(bytes, pair);
    if (verdict === 'cut') {
      this.end(pair);
      return;
    }
    pair.cutAtAnswer ||= verdict === 'cut-at-answer';
    pair.server.write(bytes);
  }

  private answer(pair: Pair, bytes: Buffer): void {
    if (pair.dead) return;
    if (pair.cutAtAnswer) {
      this.end(pair);
      return;
    }
    if (this.delayMs === 0) {
      pair.client.write(bytes);
      return;
    }
    // Timers of one length fire in the order in which they were set.
    setTimeout(() => {
      if (!pair.dead) pair.client.write(bytes);
    }, this.delayMs);
  }

  private end(pair: Pair): void {
    this.pairs.delete(pair);
    pair.dead = true;
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  }
}
