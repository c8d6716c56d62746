import {createHash} from 'node:crypto';
import type {Collateral, CollateralNeed} from '../../attested.ts';
import {type Finding, refusal} from '../../findings.ts';
import type {PolicyFields} from '../../policy-fields.ts';
import {certificatePem, certificatesField, integerField, switchField, textListField} from '../../policy-values.ts';
import {type AkChain, judgeAkChain} from '../tpm-document/ak-chain.ts';
import {chainNeeds} from '../tpm-document/chain-needs.ts';
import type {TpmDocument} from '../tpm-document/document.ts';
import {type Enrolment, enrolmentKeys, formatEnrolment, judgeEnrolment, parseEnrolment} from '../tpm-document/enrolment.ts';
import type {TpmEvidence} from '../tpm-document/validate.ts';
import {type GcpInstance, readGcpInstance, shieldedKeyName} from './instance.ts';
import {judgeCertifiedInstance, judgeShieldedKey} from './key-sources.ts';
import {gcpIntermediates, gcpRoots} from './roots.ts';

/** What a policy asks of a machine on Google Cloud, whatever encrypts its memory. */
export type GcpMachinePolicy = {
	/** Projects that nodes may belong to; absent: any. */
	projects?: readonly string[];
	/** DER; instead of Google's root. */
	roots?: readonly Uint8Array[];
	requireRevocationLists: boolean;
	minimumFirmwareVersion: number;
} & Enrolment;

export const gcpMachineKeys = [
	'projects',
	'roots',
	'requireRevocationLists',
	'minimumFirmwareVersion',
	...enrolmentKeys,
] as const;

/** Version 0 is Google's name for firmware that does not say. */
const defaultFirmwareVersion = 1;

export function parseGcpMachinePolicy(fields: PolicyFields): GcpMachinePolicy {
	const projects = textListField(fields, 'projects', /^(?:[a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,61}[a-z0-9]$/, 'project ID');
	const roots = certificatesField(fields, 'roots');
	const limits = {min: defaultFirmwareVersion, max: 1_000_000};
	return {
		...(projects ? {projects} : {}),
		...(roots ? {roots} : {}),
		requireRevocationLists: switchField(fields, 'requireRevocationLists'),
		minimumFirmwareVersion: integerField(fields, 'minimumFirmwareVersion', limits) ?? defaultFirmwareVersion,
		...parseEnrolment(fields),
	};
}

export function formatGcpMachinePolicy(policy: GcpMachinePolicy): Record<string, unknown> {
	const {projects, roots, requireRevocationLists, minimumFirmwareVersion} = policy;
	return {
		...(projects ? {projects} : {}),
		...(roots ? {roots: roots.map(der => certificatePem(der))} : {}),
		...(requireRevocationLists ? {requireRevocationLists: true} : {}),
		...(minimumFirmwareVersion === defaultFirmwareVersion ? {} : {minimumFirmwareVersion}),
		...formatEnrolment(policy),
	};
}

/**
 * Whose key it is: listed by the policy, certified by Google (and then for this very machine), or the one that the Compute API names
 * for this machine. What sources there are must agree; the machine's own word alone is none.
 */
export function judgeGcpMachine(evidence: TpmEvidence, policy: GcpMachinePolicy, collateral: Collateral, at: number): Finding[] {
	const {document, key, attestationKey} = evidence;
	const instance = readGcpInstance(document);
	const findings: Finding[] = [];
	if (policy.projects && !policy.projects.includes(instance.project))
		findings.push(
			refusal('instance-not-allowed', 'The machine belongs to a project that the policy does not list.', {
				expected: policy.projects.join(', '),
				actual: instance.project,
			}),
		);
	const shieldedKey = collateral.shieldedKeys?.get(shieldedKeyName(instance));
	if (shieldedKey) findings.push(...judgeShieldedKey(shieldedKey, key));
	const {akCertificate} = document;
	if (akCertificate) findings.push(...judgeCertifiedInstance(akCertificate, instance));
	if (shieldedKey || policy.attestationKeys.includes(attestationKey)) return findings;
	if (!akCertificate && !policy.acceptUnknownKeys && policy.attestationKeys.length === 0)
		return [...findings, refusal('shielded-key-missing', 'Nobody could tell which key Google gave this machine.')];
	if (policy.acceptUnknownKeys || !akCertificate) return [...findings, ...judgeEnrolment(policy, attestationKey)];
	const chain = {...chainOf(document, policy, collateral), certificate: akCertificate, at};
	return [...findings, ...judgeAkChain(chain, key)];
}

function chainOf(
	{intermediates}: TpmDocument,
	{roots = gcpRoots, requireRevocationLists}: GcpMachinePolicy,
	collateral: Collateral,
): Omit<AkChain, 'certificate' | 'at'> {
	return {
		intermediates: [...intermediates, ...(collateral.certificates ?? []), ...gcpIntermediates],
		roots,
		revocationLists: collateral.revocationLists ?? [],
		requireRevocationLists,
	};
}

/** Google's certificate authority service publishes from buckets of its own. */
const vendorHost = /^privateca-content-[0-9a-f-]{36}\.storage\.googleapis\.com$/;

/** Of a project that the policy does not list nobody is asked: its owner would read in his log who verifies. Throws MalformedError. */
export function gcpMachineNeeds(policy: GcpMachinePolicy, parsed: TpmDocument, have: Collateral): CollateralNeed[] {
	const instance: GcpInstance = readGcpInstance(parsed);
	const {akCertificate} = parsed;
	if (akCertificate) {
		const {intermediates, roots} = chainOf(parsed, policy, {});
		return chainNeeds(akCertificate, {intermediates, roots, have, isVendor: ({hostname}) => vendorHost.test(hostname)});
	}
	const isKnown = have.shieldedKeys?.has(shieldedKeyName(instance)) ?? false;
	const isForeign = policy.projects !== undefined && !policy.projects.includes(instance.project);
	const isListed = policy.attestationKeys.includes(createHash('sha256').update(parsed.akPublic).digest('hex'));
	if (isKnown || isForeign || isListed || policy.acceptUnknownKeys) return [];
	return [{kind: 'shielded-key', project: instance.project, zone: instance.zone, instance: instance.name}];
}
