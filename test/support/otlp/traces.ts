import { attributesIn, bytesIn, messagesIn, textIn, wireMessage, type Attributes, type WireMessage } from './wire.ts';

/** A span as an export tells it; ids in hex digits, '' for none. */
export interface ExportedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly attributes: Attributes;
  readonly events: readonly string[];
  /** The ids of the spans that it links. */
  readonly links: readonly string[];
}

/** All spans of an `ExportTraceServiceRequest`. */
export function spansIn(request: Buffer): readonly ExportedSpan[] {
  const scopes = messagesIn(wireMessage(request), 1).flatMap((of) => messagesIn(of, 2));
  return scopes.flatMap((scope) => messagesIn(scope, 2)).map(spanOf);
}

function spanOf(span: WireMessage): ExportedSpan {
  return {
    name: textIn(span, 5),
    traceId: hexIn(span, 1),
    spanId: hexIn(span, 2),
    parentId: hexIn(span, 4),
    attributes: attributesIn(span, 9),
    events: messagesIn(span, 11).map((event) => textIn(event, 2)),
    links: messagesIn(span, 13).map((link) => hexIn(link, 2)),
  };
}

function hexIn(message: WireMessage, field: number): string {
  return bytesIn(message, field)[0]?.toString('hex') ?? '';
}
