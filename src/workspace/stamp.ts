import {z} from 'zod';
import {AppError, exitCodes} from '../errors.ts';
import {version as toolVersion} from '../version.ts';
import {exists, readText, type Workspace, writeFileSafely} from './files.ts';

/** Version of the workspace format of this tool. */
const formatVersion = 1;

const stampSchema = z.object({
	version: z.int().positive(),
	/** Tool that wrote the workspace last. */
	tool: z.string(),
	/** Highest generation of the join policy that was seen: an older one was put back by somebody. */
	policyGeneration: z.int().nonnegative().default(0),
	/** Whether the owner said that a copy of the master secret is stored elsewhere. */
	masterSecretCopied: z.boolean().default(false),
	/** Whether a cluster got the master secret in this workspace: it stays with that cluster then. */
	masterSecretUsed: z.boolean().default(false),
});
export type Stamp = z.infer<typeof stampSchema>;

function newer(workspace: Workspace, version: string): AppError {
	return new AppError(`This workspace was made by a newer constellation (${version}); this one is ${toolVersion}.`, {
		code: 'workspace-newer',
		exitCode: exitCodes.preflight,
		next: ['Use the newer constellation in this folder.'],
		details: {folder: workspace.folder, version},
	});
}

/** What the workspace says of itself. Throws AppError `workspace-newer` for workspaces of later releases. */
export async function readStamp(workspace: Workspace): Promise<Stamp> {
	if (await exists(`${workspace.folder}/constellation-state.yaml`))
		throw newer(workspace, 'one that keeps constellation-state.yaml');
	const text = await readText(workspace.path('stamp'), 64 * 1024);
	const fresh: Stamp = {
		version: formatVersion,
		tool: toolVersion,
		policyGeneration: 0,
		masterSecretCopied: false,
		masterSecretUsed: false,
	};
	if (text === undefined) return fresh;
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return fresh; // Holds nothing that cannot be learned again.
	}
	const version: unknown = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
	if (typeof version === 'number' && version > formatVersion) {
		const tool: unknown = typeof value === 'object' && value !== null && 'tool' in value ? value.tool : undefined;
		throw newer(
			workspace,
			typeof tool === 'string' ? `version ${tool}, workspace format ${version}` : `workspace format ${version}`,
		);
	}
	const parsed = stampSchema.safeParse(value);
	return parsed.success ? parsed.data : fresh;
}

export async function writeStamp(workspace: Workspace, change: Partial<Omit<Stamp, 'version' | 'tool'>> = {}): Promise<void> {
	const stamp: Stamp = {...(await readStamp(workspace)), ...change, version: formatVersion, tool: toolVersion};
	await writeFileSafely(workspace.path('stamp'), `${JSON.stringify(stamp, undefined, '\t')}\n`);
}
