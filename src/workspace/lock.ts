import {link, rename, rm} from 'node:fs/promises';
import {hostname} from 'node:os';
import {z} from 'zod';
import {AppError, exitCodes} from '../errors.ts';
import {isAlive, recordOf} from '../process.ts';
import {readText, type Workspace, writeFileOnce} from './files.ts';

const holderSchema = z.object({
	pid: z.int().positive(),
	startTime: z.string(),
	bootId: z.string(),
	host: z.string(),
	command: z.string(),
	/** ISO 8601. */
	since: z.string(),
});
export type LockHolder = z.infer<typeof holderSchema>;

async function parseHolder(file: string): Promise<{text: string; holder?: LockHolder} | undefined> {
	const text = await readText(file);
	if (text === undefined) return undefined;
	try {
		return {text, holder: holderSchema.parse(JSON.parse(text))};
	} catch {
		return {text}; // Written whole or not at all, so this is not ours: nobody holds it.
	}
}

// Of another machine (a shared folder) nothing can be known: believe the file.
const holds = (holder: LockHolder): boolean => holder.host !== hostname() || isAlive(holder);

/** Takes a dead holder's file away; puts it back when somebody replaced it meanwhile. */
async function removeStale(file: string, seen: string): Promise<void> {
	const aside = `${file}.stale-${process.pid}`;
	try {
		await rename(file, aside);
	} catch {
		return; // Somebody else took it away first.
	}
	if ((await readText(aside)) !== seen) await link(aside, file).catch(() => undefined /* Yet another holder: that one counts. */);
	await rm(aside, {force: true});
}

function busy(holder: LockHolder): AppError {
	return new AppError(`Another run works on this cluster: \`${holder.command}\`, process ${holder.pid}, since ${holder.since}.`, {
		code: 'workspace-busy',
		exitCode: exitCodes.preflight,
		next: [`Wait for it, or stop it: kill ${holder.pid}`],
		details: {holder: {pid: holder.pid, since: holder.since, host: holder.host}},
	});
}

/** Who works on the workspace now, if anybody does. */
export async function lockHolder(workspace: Workspace): Promise<LockHolder | undefined> {
	const found = await parseHolder(workspace.path('lock'));
	return found?.holder !== undefined && holds(found.holder) ? found.holder : undefined;
}

/**
 * Takes the lock of a workspace for this process; the result gives it back. A holder that is dead, or of an earlier boot, is
 * replaced. Throws AppError `workspace-busy` with `details.holder`.
 */
export async function lockWorkspace(workspace: Workspace, command: string, now: Date): Promise<() => Promise<void>> {
	const file = workspace.path('lock');
	const holder: LockHolder = {
		...(recordOf(process.pid) ?? {pid: process.pid, startTime: '', bootId: ''}),
		host: hostname(),
		command,
		since: now.toISOString(),
	};
	const text = `${JSON.stringify(holder)}\n`;
	for (let attempt = 0; attempt < 5; attempt += 1) {
		if (await writeFileOnce(file, text)) {
			return async () => {
				if ((await readText(file)) === text) await rm(file, {force: true});
			};
		}
		const found = await parseHolder(file);
		if (found === undefined) continue;
		if (found.holder !== undefined && holds(found.holder)) throw busy(found.holder);
		await removeStale(file, found.text);
	}
	throw new AppError('The lock of this workspace changes hands faster than it can be taken.', {
		code: 'workspace-busy',
		exitCode: exitCodes.preflight,
		next: ['Run the command again.'],
	});
}
