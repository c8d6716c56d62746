import type {Endorsement} from '../../attestation/attested.ts';
import {compareRegisters} from '../../attestation/measurements.ts';
import {parsePolicy} from '../../attestation/policy.ts';
import {localRegisters} from '../../attestation/registers.ts';
import type {MasterSecret} from '../../keys/derive.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import type {AcceptedPolicies, AcceptedPolicy} from '../../kubernetes/manifests.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {Secret} from '../../secret.ts';

const secrets = inNamespace(resources.secrets, 'kube-system');
const configMaps = inNamespace(resources.configMaps, 'kube-system');

/** The master secret as the cluster keeps it. */
export const readMasterSecret = async (kube: Kube): Promise<MasterSecret> => {
	const {data} = await kube.get(secrets, 'constellation-mastersecret');
	const {mastersecret = '', salt = ''} = (data ?? {}) as {mastersecret?: string; salt?: string};
	if (mastersecret === '' || salt === '') throw new Error('the cluster has no master secret');
	return {key: new Secret(Buffer.from(mastersecret, 'base64')), salt: new Secret(Buffer.from(salt, 'base64'))};
};

/** The signed measurements of this node's own image among the policies that the cluster accepts. */
export const readEndorsement = async (kube: Kube, variant: string, registers: readonly Uint8Array[]): Promise<Endorsement> => {
	const {data} = await kube.get(configMaps, 'join-config');
	const {acceptedPolicies = ''} = (data ?? {}) as {acceptedPolicies?: string};
	const {policies} = JSON.parse(acceptedPolicies) as AcceptedPolicies;
	for (const accepted of policies) {
		const endorsement = endorsementOf(accepted, variant, registers);
		if (endorsement !== undefined) return endorsement;
	}
	throw new Error('the cluster accepts no policy for the image of this node');
};

const endorsementOf = (
	{measurements, signature, attestationConfig}: AcceptedPolicy,
	variant: string,
	registers: readonly Uint8Array[],
): Endorsement | undefined => {
	const policy = parsePolicy(variant, attestationConfig);
	if (policy.variant !== 'local-vtpm') return undefined;
	// Register 15 tells nodes apart, not images.
	const ofImage = new Map([...policy.measurements].filter(([register]) => register !== localRegisters.cluster));
	if (compareRegisters(ofImage, registers).length > 0) return undefined;
	return {
		measurements: Buffer.from(measurements, 'base64'),
		signature: Buffer.from(signature, 'base64'),
		releaseKey: policy.releaseKey,
		makerKey: policy.makerKey,
	};
};
