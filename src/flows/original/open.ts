import {AppError, exitCodes} from '../../errors.ts';
import {exists, type Workspace, workspaceAt} from '../../workspace/files.ts';
import {type ClusterIds, readIds} from '../../workspace/id-file.ts';
import {findOriginal, type OriginalFormat, type OriginalTraces} from '../../workspace/original.ts';
import {type ClusterStage, readFacts, stageOf} from '../../workspace/state.ts';

/** The workspace of a cluster that the original Constellation made, as its files tell it. */
export type Original = OriginalTraces & {
	workspace: Workspace;
	stage: ClusterStage;
	ids?: ClusterIds;
	/** AWS, Azure, GCP, OpenStack, QEMU, or Unknown. */
	provider: string;
	kubeconfig: boolean;
	masterSecret: boolean;
};

/** Reads a folder of the original; undefined where it is none. Changes nothing. Throws AppError `id-file-invalid`. */
export async function openOriginal(folder: string): Promise<Original | undefined> {
	const workspace = workspaceAt(folder);
	const traces = await findOriginal(workspace);
	if (traces === undefined) return undefined;
	const ids = await readIds(workspace);
	return {
		...traces,
		workspace,
		stage: stageOf(await readFacts(workspace)),
		...(ids === undefined ? {} : {ids}),
		provider: providerOf(ids, traces),
		kubeconfig: await exists(workspace.path('kubeconfig')),
		masterSecret: await exists(workspace.path('masterSecret')),
	};
}

const spelled: Readonly<Record<string, string>> = {aws: 'AWS', azure: 'Azure', gcp: 'GCP', openstack: 'OpenStack', qemu: 'QEMU'};

function providerOf(ids: ClusterIds | undefined, {config}: OriginalTraces): string {
	if (ids !== undefined && ids.cloudProvider !== 'Unknown') return ids.cloudProvider;
	const named = config?.providers.filter(name => Object.hasOwn(spelled, name)) ?? [];
	return named.length === 1 ? (spelled[named[0] ?? ''] ?? 'Unknown') : 'Unknown';
}

const formatWords: Readonly<Record<OriginalFormat, string>> = {
	'before-v2.9': 'Constellation before v2.9',
	'v2.9': 'Constellation v2.9',
	'after-v2.9': 'Constellation after v2.9',
	unknown: 'the original Constellation, of a release that nothing here names',
};

/** Who wrote the folder, as words in a sentence. */
export const writtenBy = ({format}: Pick<Original, 'format'>): string => formatWords[format];

/** For everything that would change a folder: those of the original are only read. Throws AppError `original-workspace`. */
export async function refuseOriginal(workspace: Workspace): Promise<void> {
	const traces = await findOriginal(workspace);
	if (traces === undefined) return;
	throw originalRefusal(workspace, traces, `This folder was written by ${writtenBy(traces)}: it is only read, never changed.`);
}

/** Why a command does nothing in a folder of the original. */
export function originalRefusal(
	{folder}: Workspace,
	{format, because}: OriginalTraces,
	sentence: string,
	facts: {report?: readonly string[]; next?: readonly string[]; details?: object} = {},
): AppError {
	return new AppError(sentence, {
		code: 'original-workspace',
		exitCode: exitCodes.preflight,
		report: facts.report ?? [],
		next: facts.next ?? [
			'constellation status   says what works here, and how to move on',
			'constellation -C DIR   works in another folder',
		],
		details: {folder, format, because, ...facts.details},
	});
}
