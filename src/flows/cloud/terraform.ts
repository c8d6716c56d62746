import {rm} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {AppError, exitCodes} from '../../errors.ts';
import type {PlannedChange, PlanPart} from '../../events.ts';
import {findTerraform} from '../../infrastructure/binary.ts';
import {moduleFolder} from '../../infrastructure/module-folder.ts';
import {renderFolder} from '../../infrastructure/render.ts';
import {otherRun} from '../../infrastructure/run.ts';
import {keysInState, type StateContents, stateContents} from '../../infrastructure/state-contents.ts';
import {repairState} from '../../infrastructure/state-file.ts';
import {type Terraform, terraform} from '../../infrastructure/terraform.ts';
import type {Existing} from '../../providers/config-changes.ts';
import {describeChange, type PlanWords} from '../../providers/plan-words.ts';
import {dataHome as dataHomeOf} from '../../releases/data-home.ts';
import {readText, writeFileSafely} from '../../workspace/files.ts';

/** One folder of Terraform: which module it holds, and how its plans are told. */
export type TerraformPlace = {
	folder: string;
	/** Folder below terraform/, such as `aws` or `iam/aws`. */
	module: string;
	/** Variables of the environment that the provider may see. */
	environment: readonly string[];
	words: PlanWords;
	preview: (changes: readonly PlannedChange[]) => PlanPart[];
};

/** Terraform in a place, its module and variables written; without variables as it was written last. The provider lock file stays. */
export async function openTerraform(
	env: NodeJS.ProcessEnv,
	{folder, module, environment, words, preview}: TerraformPlace,
	signal: AbortSignal,
	variables?: Readonly<Record<string, unknown>>,
): Promise<Terraform> {
	const binary = await findTerraform({env, dataHome: dataHomeOf(env)});
	if (variables !== undefined) await renderFolder(folder, moduleFolder(module), variables);
	return terraform({
		binary,
		folder,
		env,
		alsoPass: environment,
		signal,
		describe: change => describeChange(words, change),
		preview,
	});
}

const maxState = 64 * 1024 * 1024;

/**
 * What the state in a folder names; undefined where there is none, or only the empty file that Terraform's lock makes. A state that was
 * cut off is repaired first, unless a Terraform is still at work: that one writes its state in place, and what was read is only the half
 * of it. Throws AppError `state-unreadable` where that does not help: what cannot be read must never count as nothing.
 */
export async function contentsOf(folder: string): Promise<StateContents | undefined> {
	const file = path.join(folder, 'terraform.tfstate');
	for (let left = 40; left > 0; left -= 1) {
		const text = await readText(file, maxState);
		const contents = text === undefined ? undefined : stateContents(text);
		if (text === undefined || contents !== undefined) return contents;
		if ((await otherRun(folder)) === undefined) break;
		await delay(50); // Writing takes milliseconds.
	}
	if ((await otherRun(folder)) === undefined) await repairState(folder);
	const text = (await readText(file, maxState)) ?? '';
	const contents = stateContents(text);
	if (contents === undefined && text !== '') throw stateUnreadable(folder);
	return contents;
}

/** Nobody can say what exists. */
export const stateUnreadable = (folder: string): AppError =>
	new AppError('The Terraform state cannot be read: nobody can say what exists.', {
		code: 'state-unreadable',
		exitCode: exitCodes.preflight,
		next: [`Restore ${folder}/terraform.tfstate from a backup. Everything of the cluster carries its uid as a tag.`],
	});

/** What makes or holds the machines of a node group, on the clouds that we have modules for. */
const groupTypes = [
	'aws_autoscaling_group',
	'azurerm_linux_virtual_machine_scale_set',
	'google_compute_instance_group_manager',
	'openstack_compute_servergroup_v2',
];

/** What exists of a cluster, as the state in a folder says. */
export async function existingIn(folder: string): Promise<Existing> {
	const anything = ((await contentsOf(folder))?.total ?? 0) > 0;
	const text = anything ? await readText(path.join(folder, 'terraform.tfstate'), maxState) : undefined;
	return {anything, groups: text === undefined ? [] : keysInState(text, groupTypes)};
}

/** Notes that node groups have other sizes now, so that a later plan does not take the config for edited. */
export async function noteSizes(folder: string, sizes: Readonly<Record<string, number>>): Promise<void> {
	const variables = await writtenVariables(folder);
	const groups = variables?.['node_groups'];
	if (typeof groups !== 'object' || groups === null) return;
	const changed = Object.entries(groups as Record<string, object>).map(
		([name, group]) => [name, {...group, ...(sizes[name] === undefined ? {} : {count: sizes[name]})}] as const,
	);
	const text = `${JSON.stringify({...variables, node_groups: Object.fromEntries(changed)}, undefined, '\t')}\n`;
	await writeFileSafely(path.join(folder, 'terraform.tfvars.json'), text);
}

/** The variables that a folder was written with last. */
export async function writtenVariables(folder: string): Promise<Record<string, unknown> | undefined> {
	const text = await readText(path.join(folder, 'terraform.tfvars.json'));
	try {
		return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
	} catch {
		return undefined; // Cut off: written anew by the next plan.
	}
}

/** Removes a folder whose state names nothing, so that a run that was stopped before it made anything leaves nothing behind. */
export async function removeUnused(folder: string): Promise<void> {
	const text = await readText(path.join(folder, 'terraform.tfstate'), maxState);
	if (text === undefined || stateContents(text)?.total === 0) await rm(folder, {recursive: true, force: true});
}
