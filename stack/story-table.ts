import { kindOfTopic } from '../src/cli/message-text.ts';
import type { ReadMessage } from '../src/cli/topic-reader.ts';
import type { Topics } from '../src/ports/topics.ts';
import { whatOf } from './story-answers.ts';

const WIDTHS = [13, 27, 9] as const;

export function tableHead(): string {
  return `${line(['FROM KAFKA', 'WHAT', 'VERSION', 'WHICH SAYS'])}\n${'-'.repeat(110)}`;
}

/** A message as a line of the table. */
export function tableRow(message: ReadMessage, topics: Topics): string {
  const version = message.data?.['version'];
  return line([
    kindOfTopic(message.topic, topics),
    whatOf(message),
    typeof version === 'number' ? String(version) : '',
    factsOf(message).join(', '),
  ]);
}

function line([kind, what, version, facts]: readonly [string, string, string, string]): string {
  return `  ${kind.padEnd(WIDTHS[0])}${what.padEnd(WIDTHS[1])}${version.padEnd(WIDTHS[2])}${facts}`.trimEnd();
}

function factsOf({ type = '', data = {}, headers }: ReadMessage): readonly string[] {
  if (headers['dlq-reason'] !== undefined) return [String(headers['dlq-message'])];
  if (type === 'licensing.rejections.CommandRejected') return [String(data['message'])];
  if (type === 'licensing.entitlements.Entitlement') {
    return [data['allowed'] === true ? 'may be served' : 'may not be served', String(data['reason'])];
  }
  const { name, email, workStatus, status, phase, reason, countRequests, usedRequests, requestsLimit, thresholds } =
    data;
  return [
    ...told('', name),
    ...told('e-mail ', email),
    ...told('', phase ?? status),
    ...(Array.isArray(thresholds) ? [`${thresholds.join(', ')} %`] : []),
    ...(type.startsWith('licensing.events.Subdivision') ? told('', workStatus) : []),
    ...told('requests ', countRequests),
    ...(typeof requestsLimit === 'number' ? [`used ${String(usedRequests)} of ${requestsLimit}`] : []),
    ...told('because: ', reason),
  ];
}

function told(label: string, value: unknown): readonly string[] {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? [`${label}${value}`] : [];
}
