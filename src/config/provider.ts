import {type AttestationKey, type AttestationVariant, attestationKeys, isAttestationKey} from './attestation-keys.ts';
import type {CloudAttestation} from './cloud/attestation.ts';
import {type NodeGroup, resolveGroups} from './cloud/groups.ts';
import {type CloudConfig, type Config, isLocal, type ProviderKey, providerKeys} from './schema.ts';

/** Places a cluster can be on. STACKIT is written as `openstack` with `cloud: stackit`. */
export type ProviderId = ProviderKey | 'stackit';

export function providerOf({provider}: Config): ProviderId {
	if ('openstack' in provider && provider.openstack.cloud === 'stackit') return 'stackit';
	return providerKeys.find(key => Object.hasOwn(provider, key)) ?? 'local';
}

/** The attestation section of a cloud: its key, its variant, and what it says. */
export function attestationIn(config: CloudConfig): {
	key: AttestationKey;
	variant: AttestationVariant;
	value: CloudAttestation;
} {
	for (const [key, value] of Object.entries(config.attestation as Partial<Record<string, CloudAttestation>>))
		if (value !== undefined && isAttestationKey(key)) return {key, variant: attestationKeys[key], value};
	throw new TypeError('a config without attestation was taken for valid');
}

export const variantOf = (config: Config): AttestationVariant => (isLocal(config) ? 'local-vtpm' : attestationIn(config).variant);

/** Region of a cloud; undefined where the config has none. */
export function regionOf({provider}: Config): string | undefined {
	if ('aws' in provider) return provider.aws.region;
	if ('azure' in provider) return provider.azure.location;
	if ('gcp' in provider) return provider.gcp.region;
	return 'openstack' in provider ? provider.openstack.regionName : undefined;
}

/** Node groups of a cloud with everything said: what the config leaves out comes from its provider section. */
export function nodeGroupsOf(config: CloudConfig): Record<string, NodeGroup> {
	return resolveGroups(config.nodeGroups, {...groupDefaults(config), stateDiskSizeGB: config.stateDiskSizeGB});
}

function groupDefaults({provider}: CloudConfig): {instanceType: string; zone?: string; stateDiskType: string} {
	if ('aws' in provider) return provider.aws;
	if ('azure' in provider) return provider.azure;
	if ('gcp' in provider) return provider.gcp;
	if ('qemu' in provider) return {instanceType: `${provider.qemu.vcpus} processors`, stateDiskType: 'file'};
	const {flavorID, availabilityZone, stateDiskType} = provider.openstack;
	return {instanceType: flavorID, zone: availabilityZone, stateDiskType};
}
