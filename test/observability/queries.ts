import { DASHBOARDS } from '../../deploy/dashboards/files.ts';

export interface PanelQuery {
  readonly panel: string;
  readonly expr: string;
}

/** Of every panel, as a browser would ask them. */
export const PANEL_QUERIES: readonly PanelQuery[] = DASHBOARDS.flatMap(({ name, rows }) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) =>
      queries.map(({ expr }) => ({ panel: `${name}: ${title}`, expr: filledIn(expr) })),
    ),
  ),
);

/** Grafana's variables; the windows of rates are short, since the run is. */
function filledIn(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '10s')
    .replaceAll('$job', 'licensing')
    .replaceAll('$group', 'licensing-worker');
}

/** What an alert watches, whether it fires or not. */
export function withoutComparisons(expr: string): string {
  return expr.replaceAll(/ *(?:[=!<>]=|[<>]) *[\d.]+/g, '').replaceAll('absent(', '(');
}
