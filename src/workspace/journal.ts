import {mkdir, open} from 'node:fs/promises';
import path from 'node:path';
import {z} from 'zod';
import {readText, type Workspace} from './files.ts';

const steps = [
	'config',
	'maker-key',
	'plan',
	'apply',
	'master-secret',
	'init',
	'kubeconfig',
	'acknowledge',
	'nodes',
	'start',
	'stop',
	'scale',
	'upgrade',
	'upgrade-policies',
	'replace',
	'destroy',
] as const;
export type JournalStep = (typeof steps)[number];

const hex = z.string().regex(/^[\da-f]{0,128}$/);

/** All that a journal may hold: no bodies, no text of a peer, no plan. */
const entrySchema = z.strictObject({
	v: z.literal(1),
	/** Milliseconds since the epoch. */
	at: z.int(),
	step: z.enum(steps),
	state: z.enum(['intent', 'done', 'failed']),
	/** Terraform address or machine name. */
	resource: z
		.string()
		.regex(/^[\w.[\]"-]{1,200}$/)
		.optional(),
	/** SHA-256 of what the step works with, such as the plan that was consented to. */
	digest: hex.optional(),
	/** SHA-256 of an attestation key. */
	attestationKey: hex.optional(),
	/** Code of the error a step failed with. */
	code: z
		.string()
		.regex(/^[a-z\d-]{1,64}$/)
		.optional(),
});
export type JournalEntry = z.infer<typeof entrySchema>;
export type JournalFacts = Pick<JournalEntry, 'resource' | 'digest' | 'attestationKey' | 'code'>;

export type Journal = {
	entries(): readonly JournalEntry[];
	/** The last entry of a step. */
	last(step: JournalStep): JournalEntry | undefined;
	/** Writes what is about to happen; on disk when it resolves. */
	intent(step: JournalStep, facts?: JournalFacts): Promise<void>;
	done(step: JournalStep, facts?: JournalFacts): Promise<void>;
	failed(step: JournalStep, facts?: JournalFacts): Promise<void>;
};

function parseLine(line: string): JournalEntry | undefined {
	try {
		return entrySchema.parse(JSON.parse(line));
	} catch {
		return undefined; // Torn by a crash, or of a later release: says nothing to us.
	}
}

/** The journal of a workspace: what was begun and what was finished, one JSON line each. */
export async function openJournal(workspace: Workspace, now: () => number): Promise<Journal> {
	const file = workspace.path('journal');
	const text = (await readText(file, 16 * 1024 * 1024)) ?? '';
	const entries = text
		.split('\n')
		.filter(line => line !== '')
		.map(line => parseLine(line))
		.filter(entry => entry !== undefined);
	let torn = text !== '' && !text.endsWith('\n');

	async function append(step: JournalStep, state: JournalEntry['state'], facts: JournalFacts = {}): Promise<void> {
		const entry = entrySchema.parse({v: 1, at: now(), step, state, ...facts});
		await mkdir(path.dirname(file), {recursive: true, mode: 0o700});
		const handle = await open(file, 'a', 0o600);
		try {
			await handle.appendFile(`${torn ? '\n' : ''}${JSON.stringify(entry)}\n`);
			await handle.sync();
		} finally {
			await handle.close();
		}
		torn = false;
		entries.push(entry);
	}

	return {
		entries: () => entries,
		last: step => entries.findLast(entry => entry.step === step),
		intent: (step, facts) => append(step, 'intent', facts),
		done: (step, facts) => append(step, 'done', facts),
		failed: (step, facts) => append(step, 'failed', facts),
	};
}
