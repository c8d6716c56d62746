import {readdir} from 'node:fs/promises';
import path from 'node:path';
import {readText, type Workspace, writeFileOnce} from './files.ts';

const idPattern = /^upgrade-\d{14}-[\da-f]{8}$/;

/** What one upgrade keeps: `constellation-upgrade/<id>/`. */
export type UpgradeFolder = {
	id: string;
	/** Absolute path. */
	path: string;
	plan: string;
	/** Copy of the control plane's store. */
	snapshot: string;
	/** Written last: lists every file of the backup with its digest. */
	manifest: string;
};

/** A new id: `upgrade-`, local time to the second, and eight random hex digits (v2.9). `random`: 4 bytes. */
export function newUpgradeId(now: Date, random: Uint8Array): string {
	const parts = [now.getFullYear(), now.getMonth() + 1, now.getDate(), now.getHours(), now.getMinutes(), now.getSeconds()];
	const time = parts.map((part, index) => String(part).padStart(index === 0 ? 4 : 2, '0')).join('');
	return `upgrade-${time}-${Buffer.from(random).toString('hex').slice(0, 8).padEnd(8, '0')}`;
}

/** The folder of one upgrade; nothing is made. Throws TypeError for what is no id. */
export function upgradeFolder(workspace: Workspace, id: string): UpgradeFolder {
	if (!idPattern.test(id)) throw new TypeError(`not an upgrade id: ${id}`);
	const folder = path.join(workspace.path('upgrades'), id);
	const at = (name: string) => path.join(folder, name);
	return {
		id,
		path: folder,
		plan: at('plan.json'),
		snapshot: at('control-plane.snapshot'),
		manifest: at('backup.json'),
	};
}

/** Ids of the upgrades that left something here, oldest first. */
export async function upgradeIds(workspace: Workspace): Promise<string[]> {
	const names = await readdir(workspace.path('upgrades')).catch((error: unknown) => {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
		throw error;
	});
	return names.filter(name => idPattern.test(name)).sort();
}

/** Stores the text of a plan, once: the plan applied is the plan reviewed. False where there is one. */
export function storePlan(folder: UpgradeFolder, text: string): Promise<boolean> {
	return writeFileOnce(folder.plan, text);
}

/** The text of a stored plan; undefined where there is none. */
export function readPlan(folder: UpgradeFolder, limit: number): Promise<string | undefined> {
	return readText(folder.plan, limit);
}
