// sys/metrics: gauges that cost a count of keys. Nothing is sampled between calls.
import type { Path, Response } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import { rawAnswer } from './json-answer.js';
import type { SystemParts } from './parts.js';

interface Gauge {
  /** As Vault names it, with dots. */
  readonly name: string;
  readonly help: string;
  readonly value: number;
}

async function readGauges(parts: SystemParts, now: number): Promise<readonly Gauge[]> {
  const { leases, tokens, mounts } = parts.core.active;
  const [leaseCount, tokenCount, table, key] = await Promise.all([
    leases.count(),
    tokens.count(),
    mounts.table.current(),
    parts.barrier.keyStatus(),
  ]);
  const gauge = (name: string, help: string, value: number): Gauge => ({ name, help, value });
  return [
    gauge('vault.core.unsealed', 'whether requests are served', 1),
    gauge('vault.expire.num_leases', 'leases', leaseCount.total),
    gauge('vault.expire.num_irrevocable_leases', 'leases given up on', leaseCount.irrevocable),
    gauge('vault.token.count', 'service tokens', tokenCount),
    gauge('vault.core.mount_table.num_entries', 'mounts', table.entries.length),
    gauge('vault.barrier.encryptions', 'encryptions under the newest key', key.encryptions),
    gauge('vault.barrier.key_term', 'term of the newest key', key.term),
    gauge('vault.runtime.rss_bytes', 'resident memory', process.memoryUsage.rss()),
    gauge(
      'vault.runtime.uptime_seconds',
      'time since start',
      Math.floor((now - parts.facts.startedAt) / 1000),
    ),
  ];
}

function prometheusText(gauges: readonly Gauge[]): string {
  return gauges
    .map(({ name, help, value }) => {
      const flat = name.replaceAll('.', '_');
      return `# HELP ${flat} ${help}\n# TYPE ${flat} gauge\n${flat} ${value}\n`;
    })
    .join('');
}

export function metricsPath(parts: SystemParts): Path {
  return path({
    pattern: 'metrics',
    help: { synopsis: 'Counts for monitoring.', description: 'As JSON, or for Prometheus.' },
    fields: { format: field.string('"prometheus", or nothing for JSON') },
    operations: {
      read: async (request, { format }): Promise<Response> => {
        if (format !== '' && format !== 'prometheus') {
          throw invalidRequest('format is not valid: want "prometheus"', 'format-unsupported');
        }
        const gauges = await readGauges(parts, request.now);
        if (format === 'prometheus') {
          const body = Buffer.from(prometheusText(gauges));
          return { raw: { contentType: 'text/plain; version=0.0.4', body, code: 200 } };
        }
        return rawAnswer(request, {
          Timestamp: new Date(request.now).toISOString(),
          Gauges: gauges.map(({ name, value }) => ({ Name: name, Value: value, Labels: {} })),
          Points: [],
          Counters: [],
          Samples: [],
        });
      },
    },
  });
}
