import {readdir} from 'node:fs/promises';
import path from 'node:path';
import {type StateContents, stateContents} from '../../infrastructure/state-contents.ts';
import {type LockHolder, lockHolder} from '../../infrastructure/state-file.ts';
import {exists, fileNames, readText} from '../../workspace/files.ts';
import {originalNames} from '../../workspace/original.ts';
import type {Original} from './open.ts';

/** A folder of the original's Terraform, as its own state tells it. */
export type TerraformFolder = {
	/** Relative to the workspace. */
	folder: string;
	/** Absent where there is no state that can be read. */
	state?: StateContents;
	unreadable: boolean;
	/** Who holds the lock of the state, or left its note behind. */
	lock?: LockHolder;
};

/** What Terraform of a workspace of the original manages. */
export type OriginalResources = {
	cluster: TerraformFolder;
	iam: TerraformFolder;
	/** States that an upgrade left beside the one of the cluster, newest last. */
	upgrades: readonly TerraformFolder[];
	/** What makes the lists above doubtful, as sentences. */
	doubts: readonly string[];
	/** Container that runs libvirt (QEMU). */
	libvirt?: string;
};

const maxState = 64 * 1024 * 1024;

/** Reads the states; Terraform itself is not started, nothing is locked and nothing is asked of a cloud. */
export async function originalResources({workspace, ids}: Original): Promise<OriginalResources> {
	const read = (folder: string) => readFolder(workspace.folder, folder);
	const cluster = await read(fileNames.terraform);
	const upgrades = await Promise.all((await upgradeFolders(workspace.folder)).map(read));
	const left = upgrades.filter(({state, unreadable}) => state !== undefined || unreadable);
	const libvirt = (await readText(path.join(workspace.folder, originalNames.libvirt), 4096))?.trim();
	return {
		cluster,
		iam: await read(originalNames.iam),
		upgrades: left,
		doubts: doubtsOf(cluster, left, ids?.uid ?? ''),
		...(libvirt !== undefined && /^[\w.-]{1,128}$/.test(libvirt) ? {libvirt} : {}),
	};
}

async function readFolder(workspace: string, folder: string): Promise<TerraformFolder> {
	const place = path.join(workspace, folder);
	const file = path.join(place, 'terraform.tfstate');
	const text = await readText(file, maxState);
	const state = text === undefined ? undefined : stateContents(text);
	const lock = (await exists(place)) ? await lockHolder(place) : undefined;
	return {
		folder,
		...(state === undefined ? {} : {state}),
		unreadable: text !== undefined && state === undefined,
		...(lock === undefined ? {} : {lock}),
	};
}

async function upgradeFolders(workspace: string): Promise<string[]> {
	const names = await readdir(path.join(workspace, originalNames.upgrades)).catch(() => [] /* There is none, or no folder. */);
	return names
		.filter(name => /^upgrade-\d{14}-[\da-f]{8}(-tmp)?$/.test(name))
		.sort()
		.map(name => `${originalNames.upgrades}/${name}/terraform`);
}

function doubtsOf(cluster: TerraformFolder, upgrades: readonly TerraformFolder[], uid: string): string[] {
	const {state, unreadable, lock} = cluster;
	const newer = upgrades.filter(upgrade => (upgrade.state?.serial ?? -1) > (state?.serial ?? -1));
	return [
		...(unreadable ? [`The state in ${cluster.folder} cannot be read; what it manages is not known.`] : []),
		...(state === undefined && !unreadable
			? [`There is no state in ${cluster.folder}: Terraform would find nothing to remove there, whatever still exists.`]
			: []),
		...(state?.uid !== undefined && uid !== '' && state.uid !== uid
			? [`The state is of the cluster ${state.uid}, ${fileNames.id} is of ${uid}: they do not belong together.`]
			: []),
		...(lock === undefined
			? []
			: [
					`Terraform has a note of a lock there: ${lock.operation}, ${lock.who}, since ${lock.since}. It may be at work, or was killed.`,
				]),
		...newer.map(
			({folder}) =>
				`${folder} has a newer state: an upgrade ended before it was put in place. Compare both before anything is removed.`,
		),
	];
}
