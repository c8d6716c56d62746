import {AppError, exitCodes} from '../../errors.ts';
import type {Get} from '../net/get.ts';
import {type Log, publicLog} from '../transparency/log-key.ts';
import {judgeEntries, type Proof, proveLogged} from '../transparency/prove.ts';
import {type LogPolicy, type LogVerdict, logWords} from '../transparency/verdict.ts';
import {judgeMeasurements, type SignedBytes, type Statement, type Wanted} from './judge.ts';
import {fetchMeasurements, readMeasurements} from './read.ts';
import {type ReleasePath, releaseText} from './release-path.ts';
import {fingerprintOf, pinnedSignerOf, type Signer} from './signer.ts';

/** Where signed measurements come from. `url`: of a mirror or of the file; `path`: of the file or of a folder like a mirror. */
export type MeasurementFrom =
	| {from: 'url'; url: string}
	| {from: 'file'; path: string}
	/** Trust bundles that were imported, and what earlier fetches kept. */
	| {from: 'bundle'}
	/** The image of a local cluster on this machine. */
	| {from: 'workspace'};

export type MeasurementRequest = Wanted & {
	source: MeasurementFrom;
	/** Keys of the user's own; they stand in for the pinned key. */
	signers?: readonly Signer[];
	/** Default: `require` for a pinned key, `warn` for keys of the user's own. */
	transparency?: LogPolicy;
	log?: Log;
};

/** Signed bytes that are on this machine already, with the log's answer about them if there is one. */
export type KeptMeasurements = SignedBytes & {entry?: Uint8Array; source: string};

export type MeasurementDeps = {
	get: Get;
	/** What imported bundles and earlier fetches hold of an image. */
	kept: (image: ReleasePath) => Promise<KeptMeasurements | undefined>;
	/** A local image that was made or brought here, with the public key of this user that signed it. */
	localImage: (version: string) => Promise<KeptMeasurements & {signer: Signer}>;
};

/** Measurements that may be used: signed, of the wanted image, provider and variant, and in the log as far as the policy asks. */
export type VerifiedMeasurements = {
	statement: Statement;
	/** SHA-256 of the exact file: `sha256:` and hex. This is what a consent names. */
	digest: string;
	signer: Signer;
	log: LogVerdict;
	/** Where the bytes came from, in words. */
	source: string;
	/** The file itself, its signature and the log's answer, to be kept. */
	kept: KeptMeasurements;
};

/**
 * Gets measurements from a source and checks everything about them; nothing is trusted because of where it lies. Throws AppError:
 * exit 5 for what is not to be trusted, 7 for who does not answer, 3 for what is not there.
 */
export async function measurementSource(request: MeasurementRequest, deps: MeasurementDeps): Promise<VerifiedMeasurements> {
	const found = await read(request, deps);
	const {content, signature, source} = found;
	const signers = found.signer ? [found.signer] : (request.signers ?? [pinnedSignerOf(request.image)]);
	const {statement, signer} = judgeMeasurements({content, signature}, request, signers, source);
	const policy = request.transparency ?? (signer.pinned ? 'require' : 'warn');
	const proof = await logProof(request, deps, {...found, signer}, policy);
	if (policy === 'require' && proof.verdict.state !== 'logged') throw notLogged(request.image, proof.verdict);
	const kept = {content, signature, source, ...(proof.entry && {entry: proof.entry})};
	return {statement, digest: fingerprintOf(content), signer, log: proof.verdict, source, kept};
}

async function read({source, image}: MeasurementRequest, deps: MeasurementDeps): Promise<KeptMeasurements & {signer?: Signer}> {
	switch (source.from) {
		case 'url':
			return fetchMeasurements(source.url, image, deps.get);
		case 'file':
			return readMeasurements(source.path, image);
		case 'workspace':
			return deps.localImage(image.version);
		case 'bundle': {
			const kept = await deps.kept(image);
			if (kept) return kept;
			throw new AppError(`No measurements of ${releaseText(image)} were imported or fetched before.`, {
				code: 'measurements-missing',
				exitCode: exitCodes.preflight,
				next: ['constellation trust import FILE   brings them from another machine'],
			});
		}
	}
}

/** The log is asked only where the file itself came over the network, or where the policy cannot be met without. */
async function logProof(
	{source, log = publicLog}: MeasurementRequest,
	{get}: MeasurementDeps,
	{content, signature, signer, entry}: KeptMeasurements & {signer: Signer},
	policy: LogPolicy,
): Promise<Proof> {
	const file = {content, signature, signer: signer.key};
	if (entry) return judgeEntries([entry], file, log);
	if (source.from === 'bundle') return unasked('no proof came with the measurements');
	if (policy === 'require') return proveLogged(file, log, get);
	if (!signer.pinned) return unasked('signed by a key of your own');
	if (source.from !== 'url') return unasked('the measurements are a file, and nobody was asked');
	try {
		return await proveLogged(file, log, get);
	} catch (error) {
		if (error instanceof AppError) return unasked(error.message.replace(/\.$/, ''));
		throw error;
	}
}

const unasked = (why: string): Proof => ({verdict: {state: 'not-checked', why}});

function notLogged(image: ReleasePath, verdict: LogVerdict): AppError {
	return new AppError(`The measurements of ${releaseText(image)} are signed, but the transparency log does not vouch for them.`, {
		code: 'measurements-not-logged',
		exitCode: exitCodes.refused,
		problems: [{path: 'log', message: logWords(verdict)}],
		next: ['Do not use them before you know why: a signature that nobody can see in the log may be a stolen key’s.'],
	});
}
