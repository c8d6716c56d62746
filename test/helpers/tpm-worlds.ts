import {createHash, createPublicKey} from 'node:crypto';
import type {Collateral} from '../../src/attestation/attested.ts';
import type {Measurements} from '../../src/attestation/measurements.ts';
import type {Policy} from '../../src/attestation/policy.ts';
import {writePublicArea} from '../../src/attestation/tpm/public-area.ts';
import {formatTrustedLaunchInstance} from '../../src/attestation/variants/azure/trusted-launch/instance.ts';
import {formatGcpInstance, type GcpInstance, shieldedKeyName} from '../../src/attestation/variants/gcp/instance.ts';
import * as der from '../../src/keys/der-writer.ts';
import {publicAreaOf, rsa} from './forge.ts';
import {at, type CertificateKnobs, type Forged, forgeCertificate, forgeRevocationList, usage} from './forge-chain.ts';
import {type DocumentKnobs, type FirmwareEvent, gceEvents, registersAfter} from './forge-document.ts';

export type TpmVariantName = 'qemu-vtpm' | 'aws-nitro-tpm' | 'gcp-sev-es' | 'azure-trustedlaunch';
export type TpmPolicy = Extract<Policy, {variant: TpmVariantName}>;

/** An honest machine of a variant, and a policy that accepts it without a warning. */
export type TpmWorld<P extends TpmPolicy = TpmPolicy> = {policy: P; collateral: Collateral; knobs: DocumentKnobs; at: number};

/** The forger's key, as a policy lists it. */
export const listedKey = createHash('sha256')
	.update(writePublicArea(publicAreaOf(rsa)))
	.digest('hex');

export function measurementsOf(events: readonly FirmwareEvent[] = []): Measurements {
	const values = registersAfter(events);
	const enforced = [4, 9, 11, 12, 15];
	return new Map(enforced.map(index => [index, {expected: values[index] ?? new Uint8Array(), warnOnly: false}]));
}

/** The authorities of a cloud and the certificate of the forger's key. */
export function cloudChain(leaf: Partial<CertificateKnobs> = {}): {
	root: Forged;
	middle: Forged;
	leaf: Forged;
	lists: Uint8Array[];
} {
	const root = forgeCertificate({name: 'cloud root', kind: 'rsa-2048'});
	const middle = forgeCertificate({name: 'cloud middle', kind: 'rsa-2048', issuer: root, authority: true});
	const forged = forgeCertificate({
		name: 'attestation key',
		issuer: middle,
		authority: false,
		keyUsage: usage.digitalSignature,
		keys: {publicKey: createPublicKey(rsa)},
		...leaf,
	});
	return {root, middle, leaf: forged, lists: [forgeRevocationList({issuer: root}), forgeRevocationList({issuer: middle})]};
}

export const gcpInstance: GcpInstance = {project: 'my-project', zone: 'europe-west3-b', name: 'node-1'};

/** The extension by which Google's certificates name a machine. */
export function instanceExtension({project, zone, name}: GcpInstance): NonNullable<CertificateKnobs['extensions']>[number] {
	const number = der.integer(Uint8Array.of(1, 2, 3));
	const value = der.sequence(der.utf8String(zone), number, der.utf8String(project), number, der.utf8String(name));
	return {oid: '1.3.6.1.4.1.11129.2.1.21', critical: false, value};
}

export const awsDocument = {
	devpayProductCodes: null,
	marketplaceProductCodes: null,
	availabilityZone: 'eu-central-1b',
	privateIp: '10.0.0.7',
	version: '2017-09-30',
	region: 'eu-central-1',
	instanceId: 'i-0123456789abcdef0',
	billingProducts: null,
	instanceType: 'm6a.xlarge',
	accountId: '123456789012',
	pendingTime: '2030-01-01T00:00:00Z',
	imageId: 'ami-0123456789abcdef0',
	kernelId: '',
	ramdiskId: '',
	architecture: 'x86_64',
};

export const text = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

export function qemuWorld(): TpmWorld<Extract<Policy, {variant: 'qemu-vtpm'}>> {
	const keys = {attestationKeys: [listedKey], acceptUnknownKeys: false};
	return {policy: {variant: 'qemu-vtpm', measurements: measurementsOf(), ...keys}, collateral: {}, knobs: {}, at};
}

export function awsWorld(): TpmWorld<Extract<Policy, {variant: 'aws-nitro-tpm'}>> {
	const keys = {attestationKeys: [listedKey], acceptUnknownKeys: false};
	return {
		policy: {
			variant: 'aws-nitro-tpm',
			measurements: measurementsOf(),
			...keys,
			accounts: [awsDocument.accountId],
			machineImages: [awsDocument.imageId],
			acceptUnknownMachineImages: false,
		},
		collateral: {machineImages: new Map([[`${awsDocument.region}/${awsDocument.imageId}`, {tpmSupport: 'v2.0'}]])},
		knobs: {instanceInfo: text(awsDocument)},
		at,
	};
}

export function gcpWorld(leaf: Partial<CertificateKnobs> = {}): TpmWorld<Extract<Policy, {variant: 'gcp-sev-es'}>> {
	const chain = cloudChain({extensions: [instanceExtension(gcpInstance)], ...leaf});
	const events = gceEvents();
	return {
		policy: {
			variant: 'gcp-sev-es',
			measurements: measurementsOf(events),
			technology: 'sev',
			projects: [gcpInstance.project],
			roots: [chain.root.der],
			requireRevocationLists: true,
			minimumFirmwareVersion: 1,
			attestationKeys: [],
			acceptUnknownKeys: false,
		},
		collateral: {certificates: [chain.middle.der], revocationLists: chain.lists},
		knobs: {events, akCertificate: chain.leaf.der, instanceInfo: formatGcpInstance(gcpInstance)},
		at,
	};
}

/** As gcpWorld, with the Compute API's word instead of a certificate. */
export function gcpApiWorld(): ReturnType<typeof gcpWorld> {
	const world = gcpWorld();
	const {akCertificate: _, ...knobs} = world.knobs;
	const key = createPublicKey(rsa).export({format: 'der', type: 'spki'});
	return {...world, knobs, collateral: {shieldedKeys: new Map([[shieldedKeyName(gcpInstance), key]])}};
}

export function azureWorld(leaf: Partial<CertificateKnobs> = {}): TpmWorld<Extract<Policy, {variant: 'azure-trustedlaunch'}>> {
	const chain = cloudChain(leaf);
	return {
		policy: {
			variant: 'azure-trustedlaunch',
			measurements: measurementsOf(),
			roots: [chain.root.der],
			requireRevocationLists: true,
			attestationKeys: [],
			acceptUnknownKeys: false,
		},
		collateral: {revocationLists: chain.lists},
		knobs: {instanceInfo: formatTrustedLaunchInstance({certificate: chain.leaf.der, issuer: chain.middle.der})},
		at,
	};
}

export const worlds: Readonly<Record<TpmVariantName, () => TpmWorld>> = {
	'qemu-vtpm': qemuWorld,
	'aws-nitro-tpm': awsWorld,
	'gcp-sev-es': gcpWorld,
	'azure-trustedlaunch': azureWorld,
};
