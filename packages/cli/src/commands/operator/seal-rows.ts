// The rows `status` and `operator unseal` share.
import type { SealStatus } from '@vouchsafe/client';

/** In Vault's order and words. */
export function sealRows(status: SealStatus): [string, string][] {
  const prefix = status.recovery_seal ? 'Recovery ' : '';
  const rows: [string, string][] = [
    ...(status.recovery_seal
      ? [
          ['Seal Type', status.type] as [string, string],
          ['Recovery Seal Type', status.recovery_seal_type ?? 'shamir'] as [string, string],
        ]
      : [['Seal Type', status.type] as [string, string]]),
    ['Initialized', String(status.initialized)],
    ['Sealed', String(status.sealed)],
    [`Total ${prefix}Shares`, String(status.n)],
    ['Threshold', String(status.t)],
  ];
  if (status.sealed) {
    rows.push(['Unseal Progress', `${status.progress}/${status.t}`]);
    rows.push(['Unseal Nonce', status.nonce || 'n/a']);
  }
  if (status.migration) rows.push(['Seal Migration in Progress', 'true']);
  rows.push(['Version', status.version]);
  if (status.build_date) rows.push(['Build Date', status.build_date]);
  rows.push(['Storage Type', status.storage_type ?? 'n/a']);
  if (status.cluster_name) rows.push(['Cluster Name', status.cluster_name]);
  if (status.cluster_id) rows.push(['Cluster ID', status.cluster_id]);
  for (const warning of status.warnings ?? []) rows.push(['Warning', warning]);
  return rows;
}
