import {type CollateralNeed, nonceSize} from '../attestation/attested.ts';
import {withClusterId} from '../attestation/cluster-register.ts';
import {collateralNeeds} from '../attestation/collateral-needs.ts';
import type {Policy} from '../attestation/policy.ts';
import {readAttestationSection} from '../config/attestation-section.ts';
import {readTrustSection} from '../config/trust.ts';
import {parseImagePath} from '../config/versions.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {Flow} from '../events.ts';
import type {Anchors} from '../trust/bundle/verdict.ts';
import {verifyPart} from '../trust/bundle/verify-part.ts';
import type {Addresses} from '../trust/collateral/addresses.ts';
import {gatherCollateral} from '../trust/collateral/gather.ts';
import {releaseText} from '../trust/measurements/release-path.ts';
import {readText, type Workspace} from '../workspace/files.ts';
import {settingsOf} from './azure-versions.ts';
import {configMeasurements, keepMeasurements} from './config-measurements.ts';
import type {Dependencies} from './dependencies.ts';
import type {TrustWorld} from './trust-world.ts';
import {answerOf} from './verify.ts';
import {verifyTarget} from './verify-target.ts';

type Evidence = {policy: Policy; document: Uint8Array};

export type PrefetchDependencies = {
	workspace: Workspace;
	world: TrustWorld;
	anchors: Anchors;
	/** Fresh evidence of whichever node answers, and what it is judged by. Throws AppError where there is no cluster or no answer. */
	evidence: () => Promise<Evidence>;
	addresses?: Addresses;
};

/** Nodes lie on different processors, and the load balancer chooses who answers: so often it is asked. */
const challenges = 8;

/** What a check asks for every time, because only a connection vouches for it. */
const unsigned: Partial<Record<CollateralNeed['kind'], string>> = {
	'maa-keys': 'not the keys of the Microsoft attestation provider, nobody signs them, so every check asks for them',
	'shielded-key': 'not the key that Google names for a machine, nobody signs it, so every check asks for it',
	'machine-image': 'not what AWS knows of the machine image, nobody signs it, so every check asks for it',
};

/** The config of a cluster whose checks take something from elsewhere: what those of a local one take is on this machine already. */
export async function configToPrefetch(workspace: Workspace): Promise<string | undefined> {
	const text = await readText(workspace.path('config'));
	return text === undefined || readAttestationSection(text).variant === 'local-vtpm' ? undefined : text;
}

/**
 * Fetches and keeps what checks of the workspace's cluster take: the measurements of its image, published firmware versions, and what
 * vendors say about the processors that its nodes run on. `text` is its config. Gives what could not be had, a clause each; throws
 * AppError with exit code 5 for what was had and is signed by nobody who counts.
 */
export async function* prefetchTrust(text: string, deps: PrefetchDependencies): Flow<string[]> {
	const missing: string[] = [];
	for (const {id, title, work} of [
		{id: 'measurements', title: 'measurements', work: () => measurements(text, deps)},
		{id: 'firmware-versions', title: 'firmware versions', work: () => firmwareVersions(text, deps)},
		{id: 'collateral', title: 'certificates and lists of vendors', work: () => vendorParts(text, deps)},
	]) {
		const lacks = await work().catch((error: unknown) => {
			if (error instanceof AppError && error.exitCode !== exitCodes.refused) return [clause(error)];
			throw error;
		});
		const state = lacks.length === 0 ? 'ok' : 'warning';
		yield {type: 'check', id, title, state, detail: lacks.length === 0 ? 'at hand' : lacks.join('; '), at: deps.world.now()};
		missing.push(...lacks.map(each => `${title}: ${each}`));
	}
	return missing;
}

/** Challenges the cluster of a workspace for evidence that is only looked at, not judged: it says which pieces a check takes. */
export async function clusterEvidence(deps: Dependencies, world: TrustWorld, signal: AbortSignal): Promise<Evidence> {
	const {endpoint, clusterId, expectations} = await verifyTarget(deps, {}, world);
	if (expectations === undefined) throw new TypeError('a config was read before, and now there is none');
	return {
		policy: withClusterId(expectations.policy, clusterId),
		document: await answerOf(endpoint, deps.random(nonceSize), signal),
	};
}

const clause = ({message, problems}: AppError): string =>
	[message, ...problems.map(each => `${each.path}: ${each.message}`)].map(each => each.replace(/\.$/u, '')).join('; ');

async function measurements(text: string, {workspace, world, anchors}: PrefetchDependencies): Promise<string[]> {
	const image = parseImagePath(readAttestationSection(text).image);
	const kept = image && (await world.store.read('measurements', releaseText(image)));
	if (kept === undefined || verifyPart(kept, anchors).problems.length > 0)
		await keepMeasurements(await configMeasurements(text, workspace, world), world);
	return [];
}

/** Asked only where the config says `latest`; they are kept by whoever asks. */
async function firmwareVersions(text: string, {world}: PrefetchDependencies): Promise<string[]> {
	await settingsOf(readAttestationSection(text), world, readTrustSection(text).trust);
	return [];
}

async function vendorParts(text: string, {world, anchors, evidence, addresses}: PrefetchDependencies): Promise<string[]> {
	// Its evidence is complete as it is.
	if (readAttestationSection(text).variant === 'qemu-vtpm') return [];
	const lacks = new Set<string>();
	for (let asked = 0; asked < challenges; asked += 1) {
		const {policy, document} = await evidence();
		for (const {kind} of collateralNeeds(policy, document)) if (unsigned[kind] !== undefined) lacks.add(unsigned[kind]);
		const {get, store} = world;
		const {missing} = await gatherCollateral(policy, document, {get, store, anchors, ...(addresses && {addresses})});
		const signed = missing.filter(({need}) => unsigned[need.kind] === undefined);
		for (const {need, why} of signed) lacks.add(`${need.kind}: ${why.replace(/\.$/u, '')}`);
		// Who does not answer once is not asked seven times more.
		if (signed.length > 0) break;
	}
	return [...lacks];
}
