import {z} from 'zod';
import {readText, writeFileSafely} from './files.ts';

/** How many runs are kept, of all kinds together. */
const most = 60;

const runSchema = z.object({
	/** What was done, where, with how many nodes: only runs of the same kind say something of each other. */
	what: z.string().max(80),
	/** Milliseconds each phase took, by its id. */
	phases: z.record(z.string().max(40), z.number().nonnegative()),
});
const fileSchema = z.object({v: z.literal(1), runs: z.array(runSchema).max(1000)});

export type Run = z.infer<typeof runSchema>;

/** The runs that were recorded, oldest first. A file that is damaged or of a later release says nothing. */
export async function readRuns(file: string): Promise<Run[]> {
	const text = await readText(file);
	if (text === undefined) return [];
	try {
		return fileSchema.parse(JSON.parse(text)).runs;
	} catch {
		// Only an estimate is lost; the next run begins the file anew.
		return [];
	}
}

/** Adds a run; the oldest ones go. */
export async function addRun(file: string, run: Run): Promise<void> {
	const runs = [...(await readRuns(file)), run].slice(-most);
	await writeFileSafely(file, `${JSON.stringify({v: 1, runs})}\n`);
}
