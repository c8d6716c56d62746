import {createHash} from 'node:crypto';
import type {Endorsement} from '../../../attestation/attested.ts';
import {verifyBlob} from '../../../attestation/blob-signature.ts';
import {formatMeasurements} from '../../../attestation/measurements.ts';
import {formatPolicy, type LocalPolicy, parsePolicy} from '../../../attestation/policy.ts';
import {localRegisters} from '../../../attestation/registers.ts';
import {parseImageStatement} from '../../../attestation/signed-measurements.ts';
import type {MasterSecret} from '../../../keys/derive.ts';
import {equalBytes} from '../../../keys/equal.ts';
import {decodeKmsUri, noStorageUri} from '../../../keys/kms-uri.ts';
import type {InitRequest} from '../../../rpc/gen/init_pb.ts';
import {type Component, checkComponents, componentsReference} from './components.ts';

/** Digests of keys that are measured into the node's command line. */
export type PinnedKeys = {variant: string; makerDigest: Uint8Array; releaseDigest: Uint8Array};

/** What a checked Init request asks for. */
export type InitOrder = {
	master: MasterSecret;
	clusterName: string;
	kubernetesVersion: string;
	imageVersion: string;
	components: {reference: string; list: Component[]};
	policy: LocalPolicy;
	attestationConfig: unknown;
	endorsement: Endorsement;
};

const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const versionPattern = /^v1\.\d{1,3}\.\d{1,3}$/;

/**
 * Checks an Init request against what is measured into this node: the release key and the maker key must be the ones whose digests
 * are on its command line, and the attestation policy must be what the signed measurements say. Throws with the first thing that is
 * wrong; no message quotes the request.
 */
export const checkInitRequest = (request: InitRequest, pinned: PinnedKeys): InitOrder => {
	if (request.storageUri !== noStorageUri && request.storageUri !== '')
		throw new Error(`only ${noStorageUri} is supported as storage`);
	const master = decodeKmsUri(request.kmsUri);
	const clusterName = request.clusterName === '' ? 'constellation' : request.clusterName;
	if (!namePattern.test(clusterName)) throw new Error('the cluster name is not a DNS label');
	if (!versionPattern.test(request.kubernetesVersion)) throw new Error('the Kubernetes version is not of the form v1.32.9');
	const list = checkComponents(request.kubernetesComponents);
	const {policy, attestationConfig} = checkPolicy(request, pinned);
	const {version} = checkMeasurements(request, policy);
	if (request.imageVersion !== version) throw new Error('the image version is not that of the signed measurements');
	return {
		master,
		clusterName,
		kubernetesVersion: request.kubernetesVersion,
		imageVersion: version,
		components: {reference: componentsReference(list), list},
		policy,
		attestationConfig,
		endorsement: {
			measurements: request.signedMeasurements,
			signature: request.measurementsSignature,
			releaseKey: policy.releaseKey,
			makerKey: policy.makerKey,
		},
	};
};

const checkPolicy = (request: InitRequest, pinned: PinnedKeys) => {
	const policy = parsePolicy(pinned.variant, JSON.parse(Buffer.from(request.attestationConfig).toString('utf8')));
	if (policy.variant !== 'local-vtpm') throw new Error('this node does not know the attestation variant');
	if (!equalBytes(sha256(policy.makerKey), pinned.makerDigest))
		throw new Error('the maker key is not the one measured into this node');
	if (!equalBytes(sha256(policy.releaseKey), pinned.releaseDigest) || !equalBytes(policy.releaseKey, request.releaseKey)) {
		throw new Error('the release key is not the one measured into this node');
	}
	const cluster = policy.measurements.get(localRegisters.cluster);
	if (cluster?.warnOnly !== false || cluster.expected.some(byte => byte !== 0)) {
		throw new Error(`the attestation policy does not refuse nodes of other clusters (register ${localRegisters.cluster})`);
	}
	return {policy, attestationConfig: formatPolicy(policy)};
};

const checkMeasurements = ({signedMeasurements, measurementsSignature}: InitRequest, policy: LocalPolicy) => {
	if (!verifyBlob(signedMeasurements, measurementsSignature, policy.releaseKey)) {
		throw new Error('the measurements are not signed by the release key');
	}
	const statement = parseImageStatement(signedMeasurements);
	const given = formatMeasurements(policy.measurements);
	for (const [register, {expected}] of Object.entries(formatMeasurements(statement.measurements))) {
		// Register 12 follows from the maker key, which a release cannot know.
		if (Number(register) === localRegisters.commandLine) continue;
		if (given[register]?.expected !== expected) {
			throw new Error(`the attestation policy differs from the signed measurements (register ${register})`);
		}
	}
	return statement;
};

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
