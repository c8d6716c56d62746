import type {VariantName} from '../attestation/attested.ts';
import type {Finding} from '../attestation/findings.ts';
import {showClusterId} from '../keys/cluster-id.ts';
import type {Verified} from './verify.ts';
import type {VerifyTarget} from './verify-target.ts';

const unproven = 'The report matches. Nothing here proves that a genuine TPM made it.';

/** What accepted evidence of a variant does not prove, however well it matches. */
const limitsOf: Partial<Readonly<Record<VariantName, string>>> = {
	'local-vtpm': 'Rehearsal: same protocol. Anyone with your user account can read and fake these nodes.',
};

/** What an accepted answer means, and no more. */
export function verifyWords({endpoint, clusterId}: VerifyTarget, {attested}: Verified): string[] {
	const limit = limitsOf[attested.variant];
	return [
		`A node with cluster ID ${showClusterId(clusterId)} answered a fresh challenge; not proof that ${endpoint} is that node.`,
		...(isUnproven(attested.findings) ? [unproven] : []),
		...(attested.findings.some(({code}) => code === 'snp-unchecked') ? ['NitroTPM checked; SNP not checked.'] : []),
		...(limit === undefined ? [] : [limit]),
	];
}

const isUnproven = (findings: readonly Finding[]): boolean => findings.some(({code}) => code.startsWith('key-'));

/** A cluster ID as it is shown. */
export const clusterIdText = (clusterId: Uint8Array): string => showClusterId(clusterId);
