import {readAttestationSection} from '../config/attestation-section.ts';
import {readTrustSection} from '../config/trust.ts';
import {AppError, exitCodes} from '../errors.ts';
import {readClusterId} from '../keys/cluster-id.ts';
import {fileNames, readText, type Workspace} from '../workspace/files.ts';
import {type ClusterIds, readIds} from '../workspace/id-file.ts';
import {settingsOf} from './azure-versions.ts';
import {noCluster, notInitialised, pinnedPolicy, readConfig, readEndpoints} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';
import {type Expectations, fromConfig, readExpectations} from './expectations.ts';
import {isSigned, type SignedWishes, signedExpectations} from './signed-expectations.ts';
import {requireRunning} from './status.ts';
import type {TrustWorld} from './trust-world.ts';

/** Port of the VerificationService's gRPC form (v2.9). */
export const verifyPort = 30_081;

export type VerifyTarget = {
	/** host:port of the VerificationService. */
	endpoint: string;
	/** 32 bytes. */
	clusterId: Uint8Array;
	/** Where the cluster ID came from, in words. */
	clusterIdFrom: string;
	/** Absent where nothing says what the nodes should be: then nothing can be checked. */
	expectations?: Expectations;
	/** Milliseconds for which a service that does not answer is asked again: its node may have only just become ready. */
	patienceMs?: number;
	/** Gets the answer before it is judged. */
	onAnswer?: (document: Uint8Array, nonce: Uint8Array) => Promise<void>;
};

/** What was named on the command line. `clusterId` is base64 or hex, `measurements` a file or an address. */
export type NamedTarget = SignedWishes & {clusterId?: string; endpoint?: string; measurements?: string};

/**
 * What to challenge: the workspace's cluster, of this tool or of v2.9, or what was named instead. A cluster ID, an endpoint and a
 * source of expected values are enough; then nothing of the workspace is looked at.
 */
export async function verifyTarget(deps: Dependencies, named: NamedTarget, world?: TrustWorld): Promise<VerifyTarget> {
	const {workspace} = deps;
	const needsIds = named.clusterId === undefined || named.endpoint === undefined;
	const ids = needsIds ? await readIds(workspace) : undefined;
	if (needsIds && ids === undefined) throw noCluster(workspace);
	const expectations =
		named.measurements === undefined
			? await ownExpectations(workspace, named, world)
			: await namedExpectations(named.measurements, await wishesOf(deps, named, ids, world), world);
	return {
		clusterId: named.clusterId === undefined ? ownClusterId(ids) : parseClusterId(named.clusterId),
		clusterIdFrom: named.clusterId === undefined ? fileNames.id : '--cluster-id',
		endpoint: named.endpoint === undefined ? await ownEndpoint(deps, ids) : withPort(named.endpoint, verifyPort),
		...(expectations === undefined ? {} : {expectations}),
	};
}

async function namedExpectations(place: string, wishes: SignedWishes, world: TrustWorld | undefined): Promise<Expectations> {
	return world !== undefined && (await isSigned(place))
		? signedExpectations(place, wishes, world)
		: readExpectations(place, wishes);
}

/** The workspace's config says what a file of measurements does not: provider, image, keys, and the settings beside the registers. */
async function wishesOf(
	{workspace}: Dependencies,
	named: NamedTarget,
	ids: ClusterIds | undefined,
	world: TrustWorld | undefined,
): Promise<SignedWishes> {
	const provider = ids === undefined || ids.cloudProvider === 'Unknown' ? {} : {provider: ids.cloudProvider};
	const text = ids === undefined ? undefined : await readText(workspace.path('config'));
	if (text === undefined) return {...provider, ...named};
	const section = readAttestationSection(text);
	const {variant, image} = section;
	const {trust} = readTrustSection(text);
	const {settings} = await settingsOf(section, world, trust);
	const own = {base: {variant, settings}, variant, trust};
	return {...own, ...provider, ...(image === '' ? {} : {image}), ...named};
}

function ownClusterId(ids: ClusterIds | undefined): Uint8Array {
	const id = readClusterId(ids?.clusterID ?? '');
	if (id === undefined) throw notInitialised();
	return id;
}

async function ownEndpoint(deps: Dependencies, ids: ClusterIds | undefined): Promise<string> {
	if (ids?.cloudProvider === 'Local') {
		await requireRunning(deps);
		return (await readEndpoints(deps.workspace)).verify;
	}
	if (ids === undefined || ids.ip === '') throw notInitialised();
	return withPort(ids.ip, verifyPort);
}

/** What the config of the workspace says that nodes have to show; undefined where there is no config. */
export async function ownExpectations(
	workspace: Workspace,
	wishes: SignedWishes,
	world: TrustWorld | undefined,
): Promise<Expectations | undefined> {
	const text = await readText(workspace.path('config'));
	if (text === undefined) return undefined;
	// Our own config is read as a whole, so that a mistake in it is told in its words; one of v2.9 has keys that are not ours.
	if (!/^\s+localVTPM:/m.test(text)) {
		const {settings, notes} = await settingsOf(readAttestationSection(text), world, readTrustSection(text).trust);
		return fromConfig(text, [fileNames.config, ...notes].join(', '), wishes, settings);
	}
	const {config} = await readConfig(workspace);
	return {policy: pinnedPolicy(config), source: fileNames.config, imageVersion: config.image};
}

function parseClusterId(text: string): Uint8Array {
	const id = readClusterId(text);
	if (id !== undefined) return id;
	throw new AppError('The cluster ID must be 32 bytes in base64 or hex.', {
		code: 'usage',
		exitCode: exitCodes.usage,
		problems: [{path: '--cluster-id', message: 'is not 32 bytes in base64 or hex'}],
	});
}

/** host:port as given; the port of the service where none is given. A bare IPv6 address gets its brackets. */
export function withPort(endpoint: string, port: number): string {
	if (/^[^[\]:]*$/.test(endpoint) || /^\[[^\]]*\]$/.test(endpoint)) return `${endpoint}:${port}`;
	return (endpoint.match(/:/g)?.length ?? 0) > 1 && !endpoint.startsWith('[') ? `[${endpoint}]:${port}` : endpoint;
}
