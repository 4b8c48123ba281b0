// What a policy can say of Azure's confidential VMs: all that it can say of their hardware, and which PCRs of the
// virtual TPM must have been quoted.
import { readNullable, readOr } from '../rules/fields.js';
import { type SnpPolicy, snpPolicyRules } from '../snp/policy.js';
import { type TdxPolicy, tdxPolicyRules } from '../tdx/policy.js';
import { findSelectionFaults, readSelection } from '../tpm/policy.js';
import type { FormatPolicy, PolicyRules } from '../types.js';

interface VtpmPolicy {
  /** 'sha256:0,1,7': exactly these PCRs; null leaves it to what `require` asks for. */
  readonly pcr_selection: string | null;
}

export type AzureSnpPolicy = SnpPolicy & VtpmPolicy;
export type AzureTdxPolicy = TdxPolicy & VtpmPolicy;

/** What attesters on Azure quote: every PCR. */
const everyPcr = `sha256:${Array.from({ length: 24 }, (_, pcr) => pcr).join(',')}`;

function withVtpm<P extends FormatPolicy>(hardware: PolicyRules<P>): PolicyRules<P & VtpmPolicy> {
  return {
    members: [...hardware.members, 'pcr_selection'],
    parse: (document, path) => {
      const selection: VtpmPolicy = {
        pcr_selection: readOr(document, 'pcr_selection', path, everyPcr, (value, at) =>
          readNullable(value, at, readSelection),
        ),
      };
      // The compiler cannot see that what both lack together is what each of them lacks.
      return { ...hardware.parse(document, path), ...selection } as Omit<
        P & VtpmPolicy,
        keyof FormatPolicy
      >;
    },
    findFaults: (claims, policy) => [
      ...hardware.findFaults(claims, policy),
      ...findSelectionFaults(claims, policy.pcr_selection),
    ],
    trust: { ...hardware.trust, 'pcr-selection': 'configuration' },
  };
}

export const azureSnpPolicyRules: PolicyRules<AzureSnpPolicy> = withVtpm(snpPolicyRules);
export const azureTdxPolicyRules: PolicyRules<AzureTdxPolicy> = withVtpm(tdxPolicyRules);
