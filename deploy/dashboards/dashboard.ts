/** A dashboard as it is written here; `renderDashboard` makes of it what Grafana imports. */
export interface Dashboard {
  /** The name of its file, and its `uid`: an import takes the place of the one that was imported before. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  /** What is normal, and what to do otherwise. */
  readonly description: string;
  /** Grafana's name of it: `short` for counts, `s`, `bytes`, `cps` for counts a second, `percentunit`. */
  readonly unit: string;
  /** `stat`: the present value, as a number. Default: a graph. */
  readonly kind?: 'stat' | 'graph';
  readonly queries: readonly Query[];
  /** From these values on a stat is yellow or red, and a graph has a line. */
  readonly limits?: { readonly warn?: number; readonly bad: number };
  /** Whether the graphs lie one upon the other, for what is a part of a whole. */
  readonly stacked?: boolean;
  /** The part of docs/operations.md that the panel links to. */
  readonly anchor?: string;
}

interface Query {
  readonly expr: string;
  /** With `{{label}}` for what tells the series apart. */
  readonly legend: string;
}

/** What Grafana imports. Version 41 is that of Grafana 12.0; newer ones bring it up to date when they read it. */
const SCHEMA_VERSION = 41;
const COLUMNS = 24;
const SIZES = { stat: { w: 3, h: 4 }, graph: { w: 12, h: 8 } } as const;
/** From each of the dashboards to the others. */
const LINK = {
  type: 'dashboards',
  title: 'Licensing',
  tags: ['licensing'],
  asDropdown: true,
  includeVars: true,
  keepTime: true,
};
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

interface Place {
  readonly x: number;
  readonly y: number;
}

export function renderDashboard({ name, title, description, rows }: Dashboard): unknown {
  return {
    uid: name,
    title,
    description,
    tags: ['licensing'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    links: [LINK],
    annotations: { list: [] },
    templating: { list: VARIABLES },
    panels: placed(rows),
  };
}

/** `job` and `instance` are the worker's `service.name` and `service.instance.id`; `group` is for exporters of lag, who tell of all groups. */
const VARIABLES = [
  { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', current: {}, hide: 0 },
  {
    name: 'job',
    label: 'Service',
    type: 'query',
    datasource: DATASOURCE,
    query: { query: 'label_values(licensing_lane_queue, job)', refId: 'job' },
    definition: 'label_values(licensing_lane_queue, job)',
    refresh: 2,
    sort: 1,
    current: {},
    hide: 0,
  },
  {
    name: 'group',
    label: 'Consumer group',
    type: 'textbox',
    query: 'licensing-worker',
    current: { text: 'licensing-worker', value: 'licensing-worker' },
    hide: 0,
  },
];

function placed(rows: readonly Row[]): readonly unknown[] {
  const all: unknown[] = [];
  let id = 0;
  let y = 0;
  for (const { title, panels } of rows) {
    id += 1;
    all.push({ id, type: 'row', title, collapsed: false, panels: [], gridPos: { x: 0, y, w: COLUMNS, h: 1 } });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of panels) {
      const { w, h } = SIZES[panel.kind ?? 'graph'];
      if (x + w > COLUMNS) {
        x = 0;
        y += height;
        height = 0;
      }
      id += 1;
      all.push(rendered(panel, id, { x, y }));
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return all;
}

function rendered(panel: Panel, id: number, place: Place): unknown {
  const { title, description, kind = 'graph', queries, anchor } = panel;
  return {
    id,
    type: kind === 'stat' ? 'stat' : 'timeseries',
    title,
    description: anchor === undefined ? description : `${description} More: docs/operations.md#${anchor}`,
    datasource: DATASOURCE,
    gridPos: { ...place, ...SIZES[kind] },
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + i),
      datasource: DATASOURCE,
      editorMode: 'code',
      expr,
      legendFormat: legend,
      range: true,
    })),
    fieldConfig: { defaults: { ...appearance(panel), ...limitsOf(panel), unit: panel.unit, min: 0 }, overrides: [] },
    options: kind === 'stat' ? STAT_OPTIONS : GRAPH_OPTIONS,
  };
}

const STAT_OPTIONS = {
  colorMode: 'background',
  graphMode: 'area',
  textMode: 'auto',
  reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
};

const GRAPH_OPTIONS = {
  legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['lastNotNull', 'max'] },
  tooltip: { mode: 'multi', sort: 'desc' },
};

function appearance({ kind, stacked = false, limits }: Panel): object {
  if (kind === 'stat') return { color: { mode: 'thresholds' } };
  return {
    color: { mode: 'palette-classic' },
    custom: {
      drawStyle: 'line',
      lineWidth: 1,
      fillOpacity: stacked ? 40 : 10,
      showPoints: 'never',
      spanNulls: false,
      stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
      thresholdsStyle: { mode: limits === undefined ? 'off' : 'dashed' },
    },
  };
}

function limitsOf({ limits }: Panel): object {
  const { warn, bad } = limits ?? {};
  const steps = [
    { color: 'green', value: null },
    ...(warn === undefined ? [] : [{ color: 'yellow', value: warn }]),
    ...(bad === undefined ? [] : [{ color: 'red', value: bad }]),
  ];
  return { thresholds: { mode: 'absolute', steps } };
}
