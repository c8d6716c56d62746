import {toHex} from '../attestation/bytes.ts';
import {formatPolicy, type LocalPolicy} from '../attestation/policy.ts';
import {clusterRegister, localRegisters} from '../attestation/registers.ts';
import {configWarnings, editConfig} from '../config/load.ts';
import type {LocalConfig} from '../config/schema.ts';
import {canCreate, parseImagePath} from '../config/versions.ts';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import type {Event, Flow} from '../events.ts';
import type {Image} from '../releases/image.ts';
import {Secret} from '../secret.ts';
import {version as toolVersion} from '../version.ts';
import {fileNames, writeFileSafely} from '../workspace/files.ts';
import {type ClusterIds, readIds, writeIds} from '../workspace/id-file.ts';
import {archiveMasterSecret} from '../workspace/master-secret.ts';
import {readConfig, refuseOtherProvider} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';
import {vouchEvents} from './vouched.ts';

/** A cluster that is decided on, down to what its nodes have to prove. */
export type Prepared = {config: LocalConfig; ids: ClusterIds; image: Image; policy: LocalPolicy};

/** Settles image, identity and attestation policy, and pins the policy in the config. Safe to run again at any time. */
export async function* prepare(deps: Dependencies): Flow<Prepared> {
	const {workspace, journal, now} = deps;
	const {config, text} = await readConfig(workspace);
	for (const message of configWarnings(config)) yield {type: 'warning', code: 'config', message, at: now()};
	const known = await readIds(workspace);
	if (known !== undefined) refuseOtherProvider(workspace, known);
	else refuseOtherVersions(config);
	const image = await deps.image(config.image);
	yield {
		type: 'check',
		id: 'image',
		title: `image ${image.version}`,
		state: 'ok',
		detail: 'files and signature match',
		at: now(),
	};

	// A cluster that exists was decided on; an upgrade asks anew.
	const vouched = known === undefined || known.clusterID === '' ? await deps.vouch(image, config.trust ?? {}) : undefined;
	if (vouched !== undefined) yield* vouchEvents(image.version, vouched, now());
	const ids = known ?? newIds(deps);
	if (known === undefined) {
		const archived = await archiveMasterSecret(workspace, new Date(now()));
		if (archived !== undefined)
			yield {type: 'file', path: archived, purpose: 'master secret of the cluster that was here before', at: now()};
		await journal.intent('config');
		await writeIds(workspace, ids);
		yield {type: 'file', path: fileNames.id, purpose: 'identity of the cluster', at: now()};
	}
	await journal.intent('maker-key');
	const makerKey = await deps.provider.makerKey(ids.uid);
	await journal.done('maker-key');

	const policy = deps.policyOf(image, makerKey);
	const pinned = pin(config, text, policy, ids.clusterID === '');
	if (pinned.text !== text) {
		await writeFileSafely(workspace.path('config'), pinned.text);
		yield pinnedEvent(policy, now());
	}
	await journal.done('config');
	return {config: pinned.config, ids, image, policy};
}

function refuseOtherVersions({image, microserviceVersion}: LocalConfig): void {
	if (canCreate(parseImagePath(image)?.version ?? image, microserviceVersion, toolVersion)) return;
	throw new AppError(`This tool (${toolVersion}) creates no clusters with image ${image} and services ${microserviceVersion}.`, {
		code: 'version-mismatch',
		exitCode: exitCodes.preflight,
		next: [`Write image: v${toolVersion} and microserviceVersion: v${toolVersion}, or use the matching constellation.`],
	});
}

/** 32 letters and digits: the node compares at most 72 bytes, and all of them must be printable. */
function newIds({random}: Pick<Dependencies, 'random'>): ClusterIds {
	const secret = Buffer.from(Buffer.from(random(16)).toString('hex'));
	return {
		clusterID: '',
		ownerID: '',
		uid: Buffer.from(random(4)).toString('hex'),
		cloudProvider: 'Local',
		ip: '',
		initSecret: new Secret(secret),
		attestationURL: '',
	};
}

/**
 * Writes into the config what nodes have to prove. Values that stand there are the user's decision: where they differ from the
 * image nothing goes on. Only the maker key, and the register that follows from it, belong to one cluster and are renewed with it.
 */
function pin(config: LocalConfig, text: string, policy: LocalPolicy, isNew: boolean): {config: LocalConfig; text: string} {
	const wanted = formatPolicy(policy) as {
		measurements: Record<string, {expected: string; warnOnly: boolean}>;
		makerKey: string;
		releaseKey: string;
	};
	const current = config.attestation.localVTPM;
	const problems: Problem[] = [];
	const ownsMaker = isNew && current.makerKey !== wanted.makerKey;
	const measurements: typeof wanted.measurements = {};
	for (const [register, value] of Object.entries(wanted.measurements)) {
		const given = current.measurements?.[register];
		const renewed = ownsMaker && Number(register) === localRegisters.commandLine;
		if (given !== undefined && !renewed && given.expected !== value.expected) {
			const message = `the config pins ${given.expected}, image ${config.image} has ${value.expected}`;
			problems.push({path: `attestation.localVTPM.measurements.${register}`, message});
		}
		measurements[register] = given === undefined || renewed ? value : given;
	}
	for (const [name, given, value] of [
		['makerKey', ownsMaker ? undefined : current.makerKey, wanted.makerKey],
		['releaseKey', current.releaseKey, wanted.releaseKey],
	] as const) {
		if (given !== undefined && given !== value)
			problems.push({path: `attestation.localVTPM.${name}`, message: 'the config pins another key'});
	}
	if (problems.length > 0) throw policyDiffers(config, problems, isNew);
	const extra = Object.entries(current.measurements ?? {}).filter(([register]) => !(register in measurements));
	const value = {
		measurements: {...measurements, ...Object.fromEntries(extra)},
		makerKey: wanted.makerKey,
		releaseKey: wanted.releaseKey,
		...(current.previous === undefined ? {} : {previous: current.previous}),
	};
	if (JSON.stringify(value) === JSON.stringify(current)) return {config, text};
	const edited = editConfig(text, [{path: ['attestation', 'localVTPM'], value}]);
	return {config: {...config, attestation: {localVTPM: value}}, text: edited};
}

function policyDiffers(config: LocalConfig, problems: readonly Problem[], isNew: boolean): AppError {
	return new AppError(`The config trusts other nodes than those of image ${config.image}; nothing was changed.`, {
		code: 'policy-differs',
		exitCode: exitCodes.refused,
		problems,
		next: [
			`constellation image check ${config.image}   tells whether the image is what was signed`,
			isNew
				? 'Remove the measurements from the config to have those of the image pinned.'
				: 'Put the image back that this cluster was made with: its nodes let no other in.',
		],
	});
}

function pinnedEvent(policy: LocalPolicy, at: number): Event {
	const registers = [...policy.measurements.keys()].join(' ');
	const bundle = toHex(policy.measurements.get(localRegisters.bundle)?.expected ?? new Uint8Array()).slice(0, 8);
	const detail = `registers ${registers} enforced (9 = ${bundle}…, ${clusterRegister} zero before a node joins), key by maker CA`;
	return {type: 'check', id: 'policy', title: 'attestation policy pinned in the config', state: 'ok', detail, at};
}
