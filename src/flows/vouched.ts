import path from 'node:path';
import {toHex} from '../attestation/bytes.ts';
import {formatMeasurements} from '../attestation/measurements.ts';
import {parseImageStatement} from '../attestation/signed-measurements.ts';
import type {TrustSettings} from '../config/trust.ts';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import type {Event} from '../events.ts';
import {type Image, loadImage} from '../releases/image.ts';
import {changesBetween, type RegisterChange} from '../trust/measurements/changes.ts';
import {fingerprintOf} from '../trust/measurements/signer.ts';
import {type MeasurementDeps, measurementSource, type VerifiedMeasurements} from '../trust/measurements/source.ts';
import {type LogVerdict, logWords} from '../trust/transparency/verdict.ts';
import {type Workspace, workspaceAt} from '../workspace/files.ts';
import {atWorkspace, imageOf, ownImage, sourceOf} from './measurement-request.ts';
import {logOf, ownKeyName, ownSigners, trustWorld} from './trust-world.ts';

export type {TrustSettings} from '../config/trust.ts';

/** Where to ask about an image that is here: `from` as people name it, wins over the config. `keyFile`: PEM, wins over the config's keys. */
export type VouchWishes = {from?: string; keyFile?: string};

/** What somebody else's signed measurements say of an image on this machine: the same values, all enforced. */
export type Vouched = {
	/** The flags that name it again; empty where the config names it. */
	flags: readonly string[];
	source: string;
	/** SHA-256 of the file there: `sha256:` and hex. */
	digest: string;
	signer: {name: string; fingerprint: string; pinned: boolean};
	log: LogVerdict;
	/** The log's verdict as a clause. */
	logWords: string;
};

/**
 * Compares an image on this machine with the signed measurements that the flag or the config names; undefined where neither names any.
 * Nodes run the files of this machine, so values that differ in anything are refused, however well they are signed. Throws AppError:
 * exit 5 for what is not to be trusted, 7 for who does not answer, 3 for what is not there.
 */
export async function vouchFor(
	image: Pick<Image, 'version' | 'measurements' | 'releaseKey'>,
	{workspace, trust, from, keyFile}: VouchWishes & {workspace: Workspace; trust: TrustSettings},
	world: MeasurementDeps,
): Promise<Vouched | undefined> {
	const named = from ?? atWorkspace(workspace, trust.measurements);
	if (named === undefined || named === ownImage) return undefined;
	const own = await ownSigners(trust, keyFile);
	const verified = await measurementSource(
		{
			source: sourceOf(named, 'local-vtpm'),
			image: imageOf(image.version),
			csp: 'Local',
			variant: 'local-vtpm',
			signers: own.length > 0 ? own : [{name: ownKeyName, key: image.releaseKey, pinned: false}],
			...(trust.transparency && {transparency: trust.transparency}),
			log: logOf(trust),
		},
		world,
	);
	requireSame(image, verified);
	const {source, digest, signer, log} = verified;
	return {
		flags: [...(from === undefined ? [] : ['--measurements-from', from]), ...(keyFile === undefined ? [] : ['--key', keyFile])],
		source,
		digest,
		signer: {name: signer.name, fingerprint: fingerprintOf(signer.key), pinned: signer.pinned},
		log,
		logWords: logWords(log),
	};
}

/** What was found, check by check, for people and machines. */
export function* vouchEvents(version: string, {source, signer, log, logWords: words}: Vouched, at: number): Generator<Event> {
	const check = (id: string, title: string, detail: string, state: 'ok' | 'warning' = 'ok'): Event => ({
		...{type: 'check', id, title, state, detail, at},
	});
	yield check('measurements', `measurements of ${version}`, `the same at ${source}`);
	yield check('measurements-signature', 'signature', `by the ${signer.name}`);
	yield check('measurements-log', 'transparency log', words, log.state === 'logged' ? 'ok' : 'warning');
}

/** As vouchFor, for an image by its version. `folder`: where a path counts from. */
export async function vouchForVersion(
	version: string,
	{env, trust, from, folder}: {env: NodeJS.ProcessEnv; trust: TrustSettings; from: string; folder: string},
	signal: AbortSignal,
): Promise<Vouched> {
	const world = trustWorld(env, signal);
	const image = await loadImage({version, dataHome: world.dataHome});
	const workspace = workspaceAt(folder);
	const vouched = await vouchFor(image, {workspace, trust, from: atWorkspace(workspace, from) ?? from}, world);
	if (vouched === undefined) throw new TypeError('nobody was named who could vouch for the image');
	return vouched;
}

/** The trust section that names the same. `folder`: where a path counts from, which need not be the folder of the config. */
export async function trustNamed({from, keyFile}: VouchWishes, folder: string): Promise<TrustSettings> {
	const signers = keyFile === undefined ? [] : await ownSigners({}, path.resolve(folder, keyFile));
	return {
		...(from === undefined ? {} : {measurements: atWorkspace({folder}, from)}),
		...(signers.length === 0 ? {} : {keys: signers.map(({key}) => Buffer.from(key).toString('base64'))}),
	};
}

function requireSame(
	{version, measurements}: Pick<Image, 'version' | 'measurements'>,
	{statement, source}: VerifiedMeasurements,
): void {
	const here = parseImageStatement(measurements);
	const problems = changesBetween(here.measurements, statement.measurements).map(change => problemOf(change));
	const [ours, theirs] = [here.arguments, statement.arguments ?? []].map(args => JSON.stringify(args));
	if (ours !== theirs) problems.push({path: 'arguments', message: `are ${ours} here, ${theirs} there`});
	if (problems.length === 0) return;
	throw new AppError(`Image ${version} on this machine is not the one that ${source} is about; nothing was changed.`, {
		code: 'measurements-differ',
		exitCode: exitCodes.refused,
		problems,
		next: [
			'Find out which of the two is right: another version of the tool or of Node.js makes another image.',
			`--measurements-from ${ownImage}   trusts the image on this machine alone`,
		],
		details: {here: formatMeasurements(here.measurements), there: formatMeasurements(statement.measurements), source},
	});
}

function problemOf({register, before, after}: RegisterChange): Problem {
	const words = (measurement: RegisterChange['before']) =>
		measurement === undefined
			? 'not looked at'
			: `${toHex(measurement.expected)} (${measurement.warnOnly ? 'only reported' : 'enforced'})`;
	return {path: `register ${register}`, message: `is ${words(before)} here, ${words(after)} there`};
}
