import {createHash} from 'node:crypto';
import {parsePublicArea} from '../../src/attestation/tpm/public-area.ts';
import {parseTpmDocument} from '../../src/attestation/variants/tpm-document/document.ts';
import {registers} from './forge.ts';
import {forgeDocument} from './forge-document.ts';
import {forgeTdxQuote, type QuoteKnobs, tdReport} from './forge-tdx.ts';
import {tdxPolicy} from './tdx-world.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A policy of azure-tdx as a cluster holds it. */
export const azurePolicy = {
	...tdxPolicy,
	measurements: Object.fromEntries(
		[4, 9, 15].map(index => [String(index), {expected: hex(registers[index] ?? new Uint8Array()), warnOnly: false}]),
	),
	mrTd: [hex(tdReport.mrTd)],
};

/** What is forged of a machine, and under which policy. */
export type AzureCase = {
	quote?: QuoteKnobs;
	runtimeData?: (json: string) => string;
	policy?: Readonly<Record<string, unknown>>;
	instance?: Readonly<Record<string, unknown>>;
};

export function azureDocument({quote, runtimeData, instance}: AzureCase): Uint8Array {
	const {key} = parsePublicArea(parseTpmDocument(forgeDocument()).akPublic);
	if (key.type !== 'rsa') throw new Error('not RSA');
	const jwk = {kid: 'HCLAkPub', key_ops: ['sign'], kty: 'RSA', e: 'AQAB', n: Buffer.from(key.modulus).toString('base64url')};
	const honest = JSON.stringify({keys: [jwk], 'vm-configuration': {'secure-boot': true}, 'user-data': ''});
	const bound = Buffer.concat([createHash('sha256').update(honest).digest(), Buffer.alloc(32)]);
	const info = {
		AttestationReport: Buffer.from(forgeTdxQuote({...quote, report: {reportData: bound, ...quote?.report}})).toString('base64'),
		RuntimeData: Buffer.from(runtimeData?.(honest) ?? honest).toString('base64'),
		...instance,
	};
	return forgeDocument({instanceInfo: Buffer.from(JSON.stringify(info))});
}
