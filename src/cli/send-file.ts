import type { Cradle } from '../container.ts';
import { AnswerReader, type Known } from './answer-reader.ts';
import { BulkReport, lineOutcome } from './bulk-report.ts';
import { BulkSender, NotTaken, type ComposedLine } from './bulk-sender.ts';
import { linesFrom, opened, type Input } from './file-lines.ts';
import { LineFault, type Line } from './lines.ts';
import { openContainer } from './open-container.ts';
import { Progress } from './progress.ts';
import { reachKafka, reachRegistry } from './reachable.ts';
import { rowOf, withLine, type Row, type RowForm } from './rows.ts';
import type { SendOptions } from './send-options.ts';
import { Sender } from './sender.ts';
import { configFor } from './settings.ts';
import { complain, print, printPatiently, type Call } from './verb.ts';

/** Of messages whose answers are waited for: enough to keep a worker busy, and little to remember. */
const MAX_OPEN = 20_000;

export interface FileOptions extends SendOptions {
  /** `-`: stdin. */
  readonly file: string;
  readonly form: RowForm;
  /** The first line that is sent. */
  readonly fromLine: number;
}

/** @returns the exit code. @throws UsageError for a file that can't be opened; what servers say that can't be reached */
export async function sendFile(options: FileOptions, { environment }: Pick<Call, 'environment'>): Promise<number> {
  const input = await opened(options.file);
  const config = configFor(environment, ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL']);
  const { cradle } = openContainer(config);
  await Promise.all([reachKafka(cradle), reachRegistry(cradle)]);
  const sending = new FileSending(cradle, options, input);
  const left = new Promise<number>((resolve) => {
    const end = (): void => {
      const code = sending.interrupt();
      if (code !== undefined) resolve(code);
    };
    process.on('SIGINT', end).on('SIGTERM', end);
  });
  return Promise.race([sending.run(), left]);
}

type Waiting = Pick<Row, 'line' | 'id' | 'type'>;

class FileSending {
  private readonly cradle: Cradle;
  private readonly options: FileOptions;
  private readonly input: Input;
  private readonly stop = new AbortController();
  /** Ends the waiting for answers, once all is sent that is going to be. */
  private hurry: AbortController | undefined;
  private readonly report = new BulkReport();
  private readonly progress: Progress;
  private readonly sender: Sender;
  private readonly bulk: BulkSender;
  private readonly answers: AnswerReader<Waiting> | undefined;
  /** Of the chunks that are not sent yet, by line. */
  private readonly rows = new Map<number, Row>();
  private read = 0;
  private concluded: number | undefined;
  private readonly began: number;

  constructor(cradle: Cradle, options: FileOptions, input: Input) {
    this.cradle = cradle;
    this.options = options;
    this.input = input;
    this.began = cradle.steadyClock.now();
    this.progress = new Progress(process.stderr, () => cradle.steadyClock.now());
    this.sender = new Sender(cradle);
    this.report.sentUpTo = options.fromLine - 1;
    const { commands, users } = cradle.topics;
    const { type } = options.form;
    if (options.wait) {
      this.answers = new AnswerReader(cradle, {
        sources: type === undefined ? [commands, users] : [this.sender.topicOf(type)],
        timeout: options.timeout,
        onKnown: (known) => this.tell(known),
      });
    }
    this.bulk = new BulkSender(cradle, {
      onSending: (chunk) => this.expect(chunk),
      onSent: (chunk) => this.sent(chunk),
      onTrouble: (sentence) => this.say(sentence),
    });
  }

  async run(): Promise<number> {
    try {
      await this.answers?.start();
      const end = await this.sendAll();
      if (this.answers !== undefined && end.fault !== 'failed') await this.waitForAnswers(this.answers);
      return this.conclude(end);
    } finally {
      this.progress.clear();
      await this.answers?.stop();
      await this.cradle.producer.stop();
    }
  }

  /**
   * What a Ctrl-C does: it stops the sending, or the waiting for answers, whichever is under way. If that has been asked for already, nothing is
   * waited for any more.
   * @returns in that case the exit code, when all is told
   */
  interrupt(): number | undefined {
    const { stop, hurry } = this;
    if (hurry !== undefined && !hurry.signal.aborted) {
      hurry.abort();
      return undefined;
    }
    if (hurry === undefined && !stop.signal.aborted) {
      stop.abort();
      this.input.stream.destroy();
      this.say('stops when what is under way has arrived; another Ctrl-C does not wait for it');
      return undefined;
    }
    return this.conclude({ fault: 'stopped', sentence: 'stopped at once; more lines may have arrived' });
  }

  private async sendAll(): Promise<End> {
    try {
      const fault = await this.readAll();
      await this.bulk.finish();
      return fault ?? (this.stop.signal.aborted ? { fault: 'stopped', sentence: 'stopped' } : { fault: 'none' });
    } catch (error) {
      if (error instanceof NoAnswers) return { fault: 'unanswered', sentence: error.message };
      if (error instanceof NotTaken) return { fault: 'failed', sentence: `Kafka does not take them: ${error.message}` };
      throw error;
    }
  }

  /** @returns why it has ended before the end of the file; undefined: it has not, or was stopped */
  private async readAll(): Promise<End | undefined> {
    try {
      for await (const { lines, bytes } of linesFrom(this.input, this.options)) {
        for (const line of lines) {
          if (this.stop.signal.aborted) return undefined;
          await this.add(line);
        }
        this.read = bytes;
        this.bulk.pump();
        this.show();
      }
    } catch (error) {
      if (this.stop.signal.aborted && !(error instanceof NotTaken)) return undefined; // the stream was cut off
      if (!(error instanceof LineFault)) throw error;
      return { fault: 'line', sentence: `${this.options.file} line ${error.line}: ${error.message}` };
    }
    return undefined;
  }

  private async add(line: Line): Promise<void> {
    const row = rowOf(line, this.options.form);
    await this.sender.prepare(row.type);
    const { source = this.options.source, correlationId = this.options.correlationId, key, id } = row;
    const { message } = withLine(line, () =>
      this.sender.compose(row.type, row.data, {
        ...{ source, id, madeUp: false },
        ...(correlationId !== undefined && { correlationId }),
        ...(key !== undefined && { key }),
      }),
    );
    if (this.answers !== undefined) this.rows.set(line.number, row);
    await this.bulk.add({ line: line.number, message });
  }

  private async expect(chunk: readonly ComposedLine[]): Promise<void> {
    if (this.answers === undefined) return;
    // A stop waits for this, too: what was sent is to be told.
    if (!(await this.answers.until(MAX_OPEN - chunk.length))) {
      throw new NoAnswers(`no answer within ${this.options.timeout / 1_000} s`);
    }
    for (const { line } of chunk) {
      const row = this.rows.get(line);
      this.rows.delete(line);
      if (row === undefined) continue;
      const { id, type, source = this.options.source } = row;
      this.answers.expect(source, id, { line, id, type });
    }
  }

  private sent(chunk: readonly ComposedLine[]): void {
    this.report.sent += chunk.length;
    this.report.sentUpTo = chunk.at(-1)?.line ?? this.report.sentUpTo;
    this.answers?.sent();
    this.show();
  }

  private async waitForAnswers(answers: AnswerReader<Waiting>): Promise<void> {
    this.hurry = new AbortController();
    await answers.until(0, this.hurry.signal);
  }

  private async tell({ outcome, records, tag }: Known<Waiting>): Promise<void> {
    const last = records.at(-1);
    const needed = outcome === 'rejected' || outcome === 'dead';
    const decoded = needed && last !== undefined ? await this.answers?.read(last) : undefined;
    const told = lineOutcome(tag, outcome, decoded);
    this.report.count(told);
    this.show();
    if (outcome === 'accepted' || outcome === 'handled') return;
    this.progress.clear();
    await printPatiently(JSON.stringify(told));
  }

  /** Tells how it has ended, the first time. @returns the exit code */
  private conclude(end: End): number {
    this.concluded ??= this.tellEnd(end);
    return this.concluded;
  }

  private tellEnd(end: End): number {
    const { report, options } = this;
    this.progress.clear();
    const seconds = (this.cradle.steadyClock.now() - this.began) / 1_000;
    if (options.json) print(report.json(seconds, options.wait));
    else for (const line of report.lines(seconds, options.wait)) complain(line);
    if (end.fault === 'none') {
      if (report.sent === 0) this.say(`nothing to send: ${nothingIn(options)}`);
      return report.exitCode;
    }
    const { sentUpTo } = report;
    const before = sentUpTo < options.fromLine ? 'No line is known to have arrived.' : `Sent up to line ${sentUpTo}.`;
    const again = end.fault === 'line' ? ' Mend it, then go on' : ' Go on';
    this.say(end.sentence);
    complain(`${before}${again} with the same call and --from-line ${sentUpTo + 1}`);
    if (end.fault === 'line') return 2;
    return end.fault === 'unanswered' ? 5 : 1;
  }

  private show(): void {
    const { size } = this.input;
    const share = size === undefined || size === 0 ? undefined : Math.min(1, this.read / size);
    this.progress.show({ share, sent: this.report.sent, open: this.answers?.open ?? 0 });
  }

  private say(sentence: string): void {
    this.progress.clear();
    complain(`licensing send: ${sentence}`);
  }
}

function nothingIn({ file, fromLine }: FileOptions): string {
  return `${file} has no message${fromLine === 1 ? '' : ` from line ${fromLine} on`}`;
}

type End =
  | { readonly fault: 'none' }
  | { readonly fault: 'line' | 'stopped' | 'failed' | 'unanswered'; readonly sentence: string };

class NoAnswers extends Error {
  override readonly name = 'NoAnswers';
}
