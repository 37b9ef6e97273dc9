import { attributesIn, bytesIn, messagesIn, textIn, wireMessage, type Attributes, type WireMessage } from './wire.ts';

/** A metric with its attributes, as one export tells it. */
export interface Point {
  readonly metric: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  readonly attributes: Attributes;
  /** Of a histogram its sum. */
  readonly value: number;
  /** Of a histogram how many values it is made of. */
  readonly count: number;
  readonly resource: Attributes;
}

/** All points of an `ExportMetricsServiceRequest`. */
export function pointsIn(request: Buffer): readonly Point[] {
  return messagesIn(wireMessage(request), 1).flatMap((of) => {
    const resource = attributesIn(messagesIn(of, 1)[0] ?? new Map<number, never>(), 1);
    const metrics = messagesIn(of, 2).flatMap((scope) => messagesIn(scope, 2));
    return metrics.flatMap((metric) => pointsOf(metric).map((point) => ({ ...point, resource })));
  });
}

const KINDS = [
  ['gauge', 5],
  ['sum', 7],
  ['histogram', 9],
] as const;

function pointsOf(metric: WireMessage): readonly Omit<Point, 'resource'>[] {
  const [name, unit] = [textIn(metric, 1), textIn(metric, 3)];
  return KINDS.flatMap(([kind, field]) => {
    const points = messagesIn(metric, field).flatMap((data) => messagesIn(data, 1));
    return points.map((point) => ({ metric: name, unit, kind, ...valuesOf(point, kind) }));
  });
}

function valuesOf(point: WireMessage, kind: Point['kind']): Pick<Point, 'attributes' | 'value' | 'count'> {
  if (kind === 'histogram') {
    const count = Number(bytesIn(point, 4)[0]?.readBigUInt64LE() ?? 0n);
    return { attributes: attributesIn(point, 9), value: bytesIn(point, 5)[0]?.readDoubleLE() ?? 0, count };
  }
  const value = bytesIn(point, 4)[0]?.readDoubleLE() ?? Number(bytesIn(point, 6)[0]?.readBigInt64LE() ?? 0n);
  return { attributes: attributesIn(point, 7), value, count: 1 };
}
