import {AppError, exitCodes} from '../errors.ts';
import {keyBoundWords} from '../flows/original/node.ts';
import {type Original, originalRefusal, writtenBy} from '../flows/original/open.ts';
import {originalNode, recoverOriginal} from '../flows/original/recover.ts';
import {originalRecovery, withConsent} from '../flows/original/recovery-target.ts';
import {removalSteps} from '../flows/original/removal.ts';
import {originalResources} from '../flows/original/resources.ts';
import {type OriginalStatus, originalStatus} from '../flows/original/status.ts';
import {openAnyWorkspace} from '../flows/session.ts';
import {trustWorld} from '../flows/trust-world.ts';
import type {Result} from '../output/output.ts';
import {columnsOf} from '../output/verify-table.ts';
import {count} from '../text.ts';
import {agreeByName, canAsk} from './consent.ts';
import {originalLines, resourceLines, stepLines} from './original-words.ts';
import {type CommandContext, type CommandInput, textFlag} from './types.ts';

const widthOf = ({surroundings}: CommandContext): number => columnsOf(surroundings.stdout);

/** `status` in a folder of the original. */
export async function statusOfOriginal(context: CommandContext, original: Original): Promise<Result> {
	const {kube} = await openAnyWorkspace(context);
	const found = await originalStatus(original, kube);
	const data = {original: true, ...found};
	const lines = originalLines(found, widthOf(context));
	if (found.cluster?.reachable === false) throw silent(data, found, lines);
	return {command: 'status', data, lines};
}

function silent(data: Record<string, unknown>, {abilities, movingOn}: OriginalStatus, lines: readonly string[]): AppError {
	const recovers = abilities.some(({command, missing}) => command === 'recover' && missing === undefined);
	return new AppError('The Kubernetes API of this cluster does not answer.', {
		code: 'cluster-unreachable',
		exitCode: exitCodes.unreachable,
		report: lines,
		next: [
			...(recovers ? ['constellation recover   helps control planes that wait for the master secret'] : []),
			'Look at the machines in the console of the provider.',
		],
		details: {...data, movingOn},
	});
}

/** `terminate` in a folder of the original: says what would go and how, and does nothing. Always throws. */
export async function terminateOriginal(context: CommandContext, original: Original): Promise<never> {
	const resources = await originalResources(original);
	const steps = removalSteps(original, resources);
	const {total = 0} = resources.cluster.state ?? {};
	throw originalRefusal(
		original.workspace,
		original,
		`Nothing was removed. The cluster belongs to Terraform files of ${writtenBy(original)}, which this tool does not run; its state names ${count(total, 'resource')}.`,
		{
			report: [...resourceLines(resources, widthOf(context)), '', ...stepLines(steps, widthOf(context))],
			next: ['Run the commands above yourself when nothing in the cluster is needed any more.'],
			details: {provider: original.provider, resources, steps},
		},
	);
}

/** `recover` in a folder of the original. */
export async function recoverInOriginal(context: CommandContext, original: Original, input: CommandInput): Promise<Result> {
	const deps = await openAnyWorkspace(context);
	const [endpoint, secretFile] = [textFlag(input, 'endpoint'), textFlag(input, 'master-secret')];
	const wishes = {
		...(endpoint === undefined ? {} : {endpoint}),
		...(secretFile === undefined ? {} : {secretFile}),
		acceptUnknownKeys: input.flags['accept-unknown-keys'] === true,
	};
	const world = trustWorld(context.env);
	const target = await originalRecovery(original, wishes, world);
	const send = (to: typeof target) =>
		context.output.run('Recovering', signal => recoverOriginal(deps, to, signal), {expected: ['recover']});
	let taken: Awaited<ReturnType<typeof send>>;
	try {
		taken = await send(target);
	} catch (error) {
		const accepting = withConsent(target, error);
		if (accepting === undefined || !canAsk(context)) throw error;
		await agreeByName(
			{...context, yes: false},
			original.config?.name || original.provider,
			unknownKeyWords(target.node.endpoint),
		);
		taken = await send(accepting);
	}
	const nodes = taken.map(({attestationKey, variant, findings}) => ({attestationKey, variant, findings}));
	return {
		command: 'recover',
		data: {original: true, nodes, binding: 'key-bound', words: keyBoundWords},
		lines: [
			`${count(nodes.length, 'control plane')} took the master secret: ${nodes.map(originalNode).join(', ')}.`,
			keyBoundWords,
			'A v2.9 node does not say whether the secret was the right one. Workers come back by themselves.',
			'next   constellation status   asks the cluster',
		],
	};
}

const unknownKeyWords = (endpoint: string): string =>
	`The node at ${endpoint} reports the expected software, but nothing proves that a genuine TPM made the report: whoever answers there could have made it up, and would get the master secret, the key to all data.`;
