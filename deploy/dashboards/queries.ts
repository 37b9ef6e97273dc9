/** Of the series of the worker, whatever else there is in the same Prometheus. */
export const OF_WORKER = '{job=~"$job"}';

/** A rate over a window that Grafana chooses by the resolution and by how often Prometheus scrapes. */
export function rate(counter: string, labels = ''): string {
  return `rate(${counter}{job=~"$job"${labels === '' ? '' : `, ${labels}`}}[$__rate_interval])`;
}

/**
 * Counts of what happens seldom: how many in the window, rather than how many a second. From the last value before the window, which a day of gaps in
 * scraping does not hide; without one, or with a greater one, all of it. The alerts in `deploy/prometheus/rules.yml` count alike.
 */
export function increase(counter: string): string {
  const series = `${counter}${OF_WORKER}`;
  const now = `last_over_time(${series}[$__rate_interval])`;
  const before = `last_over_time(${series}[1d] offset $__rate_interval)`;
  return `${now} - (${before} <= ${now}) or ${now}`;
}

/** A quantile of a histogram over all workers. */
export function quantile(q: number, histogram: string, by: readonly string[] = [], labels = ''): string {
  return `histogram_quantile(${q}, sum by (${['le', ...by].join(', ')}) (${rate(`${histogram}_bucket`, labels)}))`;
}

/** What each worker tells of the whole database: all tell the same, within an export interval. */
export function ofDatabase(gauge: string, by: readonly string[] = []): string {
  const grouped = by.length === 0 ? '' : ` by (${by.join(', ')})`;
  return `max${grouped} (${gauge}${OF_WORKER})`;
}

function renamed(series: string, labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels).reduce(
    (inner, [from, to]) => `label_replace(${inner}, "${to}", "$1", "${from}", "(.*)")`,
    series,
  );
}

/** By topic and partition; each of those who tell of lag has names of its own. */
const LAGS = [
  // The worker's own: of the partitions that it holds.
  renamed(`licensing_consumer_lag${OF_WORKER}`, {
    messaging_destination_name: 'topic',
    messaging_destination_partition_id: 'partition',
  }),
  // kafka_exporter. It tells -1 of a partition without a committed offset.
  'kafka_consumergroup_lag{consumergroup="$group"} >= 0',
  renamed('kminion_kafka_consumer_group_topic_partition_lag{group_id="$group"}', {
    topic_name: 'topic',
    partition_id: 'partition',
  }),
  // The receiver `kafkametrics` of the OpenTelemetry Collector, whose unit 1 becomes `_ratio` unless suffixes are switched off.
  '{__name__=~"kafka_consumer_group_lag(_ratio)?", group="$group"}',
];

/** The lag of each partition, by whoever tells of it; the greatest if several do. */
export const LAG = `max by (topic, partition) (${LAGS.join(' or ')})`;
