import path from 'node:path';
import {AppError} from '../errors.ts';
import {openOriginal} from '../flows/original/open.ts';
import {saveRawDocument} from '../flows/raw-document.ts';
import {openAnyWorkspace} from '../flows/session.ts';
import {type TrustWorld, trustWorld} from '../flows/trust-world.ts';
import type {VerifyDependencies} from '../flows/verify.ts';
import {collateralFor} from '../flows/verify-collateral.ts';
import {verifyAndRecord} from '../flows/verify-run.ts';
import {type NamedTarget, type VerifyTarget, verifyTarget} from '../flows/verify-target.ts';
import {clusterIdText, verifyWords} from '../flows/verify-words.ts';
import {columnsOf, hanging, verifyTable} from '../output/verify-table.ts';
import {type CommandContext, type CommandInput, type CommandModule, textFlag} from './types.ts';

export const verify: CommandModule = async (context, input) => {
	const world = trustWorld(context.env);
	const deps = {...(await openAnyWorkspace(context)), ...ownCollateral(world)};
	const target = await targetOf(context, () => verifyTarget(deps, namedTarget(input), world));
	const raw = rawDocument(context, textFlag(input, 'raw'));
	const verified = await context.output.run(
		'Verifying',
		signal => verifyAndRecord(deps, {...target, onAnswer: raw.keep}, signal),
		{expected: ['verify']},
	);
	const {checks, attested, nonce, receipt} = verified;
	const words = verifyWords(target, verified);
	const width = columnsOf(context.surroundings.stdout);
	return {
		command: 'verify',
		data: {
			endpoint: target.endpoint,
			clusterId: clusterIdText(target.clusterId),
			variant: attested.variant,
			checks,
			findings: attested.findings,
			attestationKey: attested.attestationKey,
			...(attested.machine === undefined ? {} : {machine: attested.machine}),
			nonce: Buffer.from(nonce).toString('hex'),
			words,
			...(receipt === undefined ? {} : {receipt}),
			...raw.data(),
		},
		lines: raw.onStdout
			? []
			: [
					...verifyTable(checks, width),
					'',
					...words.flatMap(sentence => hanging('', sentence, width)),
					...(receipt === undefined ? [] : [`receipt  ${receipt}`]),
				],
	};
};

/** In a folder of the original nothing continues: what it does not say has to be named. */
async function targetOf({folder}: CommandContext, find: () => Promise<VerifyTarget>): Promise<VerifyTarget> {
	try {
		return await find();
	} catch (error) {
		const isOpen = error instanceof AppError && (error.code === 'not-initialised' || error.code === 'no-cluster');
		if (!isOpen || (await openOriginal(folder)) === undefined) throw error;
		throw new AppError('The files here do not say which cluster is meant.', {
			code: error.code,
			exitCode: error.exitCode,
			next: ['Name what is missing: --cluster-id ID --endpoint HOST'],
		});
	}
}

const ownCollateral = (world: TrustWorld): Pick<VerifyDependencies, 'collateral'> => ({
	collateral: (policy, document) => collateralFor(world, {}, policy, document),
});

function namedTarget(input: CommandInput): NamedTarget {
	const [clusterId, endpoint, measurements] = ['cluster-id', 'endpoint', 'measurements'].map(name => textFlag(input, name));
	const [variant, provider, image] = ['variant', 'provider', 'image'].map(name => textFlag(input, name));
	const keyFile = textFlag(input, 'key');
	return {
		...(clusterId === undefined ? {} : {clusterId}),
		...(endpoint === undefined ? {} : {endpoint}),
		...(measurements === undefined ? {} : {measurements}),
		...(variant === undefined ? {} : {variant}),
		...(provider === undefined ? {} : {provider}),
		...(image === undefined ? {} : {image}),
		...(keyFile === undefined ? {} : {keyFile}),
		acceptUnknownKeys: input.flags['accept-unknown-keys'] === true,
	};
}

/** The document as the service gave it: into a new file, or on stdout, which then holds nothing else. In the JSON form it is a field. */
function rawDocument({output, surroundings}: CommandContext, place: string | undefined) {
	let document: Uint8Array | undefined;
	return {
		onStdout: place === '-' && output.kind !== 'json',
		keep: async (bytes: Uint8Array): Promise<void> => {
			document = bytes;
			if (place === undefined) return;
			if (place !== '-') await saveRawDocument(path.resolve(place), bytes);
			else if (output.kind !== 'json') surroundings.stdout.write(bytes);
		},
		data: () => (place === undefined || document === undefined ? {} : {document: Buffer.from(document).toString('base64')}),
	};
}
