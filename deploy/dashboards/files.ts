import { renderDashboard } from './dashboard.ts';
import { MESSAGES } from './messages.ts';
import { OVERVIEW } from './overview.ts';
import { WORKERS } from './workers.ts';

export const DASHBOARDS = [OVERVIEW, MESSAGES, WORKERS];

/** The files that Grafana imports; paths from the repository's root. */
export function dashboardFiles(): readonly { readonly path: string; readonly text: string }[] {
  return DASHBOARDS.map((dashboard) => ({
    path: `deploy/grafana/${dashboard.name}.json`,
    text: JSON.stringify(renderDashboard(dashboard)),
  }));
}
