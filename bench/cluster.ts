// A whole start, from the consent to Ready nodes, and the memory of the cluster then. Needs the built tool and Terraform; the figures of
// the start are those of the journal and the events, so the time of the tool's own start is told apart.
import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {newWorld} from '../test/helpers/world.ts';

const targetSeconds = 10;
const targetMegabytes = 800;

type Usage = {what: string; rss: number; pss: number};

/** Resident and proportional memory (kB) of every process that works in a folder. */
function usageIn(folder: string): Usage[] {
	return readdirSync('/proc')
		.filter(name => /^\d+$/.test(name))
		.flatMap(pid => {
			try {
				const cwd = readlinkSync(`/proc/${pid}/cwd`);
				if (!cwd.startsWith(`${folder}/`)) return [];
				const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
				const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
				const service = words.includes('service') ? (words.at(-2) ?? '') : words.includes('serve') ? 'machine service' : 'node';
				const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0);
				return [{what: service, rss: of('Rss'), pss: of('Pss')}];
			} catch {
				return []; // It ended, or it is another user's.
			}
		});
}

const world = newWorld();
try {
	await must('config generate local --name bench');
	// The image is made once per version; a second cluster finds it.
	const cold = await start();
	await must('terminate --yes');
	const warm = await start();
	console.log(
		`confirm to 1 control plane + 2 workers Ready: ${warm.toFixed(1)} s; the very first time: ${cold.toFixed(1)} s; ratio to the target of ${targetSeconds} s: ${(warm / targetSeconds).toFixed(2)}`,
	);
	if (process.platform === 'linux') {
		const used = usageIn(world.dataHome);
		const sum = (of: (usage: Usage) => number) => used.reduce((total, usage) => total + of(usage), 0) / 1000;
		const [rss, pss] = [sum(usage => usage.rss), sum(usage => usage.pss)];
		console.log(
			`memory of ${used.length} processes: ${pss.toFixed(0)} MB, pages they share counted once (sum of PSS); ratio to the target of ${targetMegabytes} MB: ${(pss / targetMegabytes).toFixed(2)}`,
		);
		console.log(
			`the same with shared pages counted in each process (sum of RSS): ${rss.toFixed(0)} MB; ratio ${(rss / targetMegabytes).toFixed(2)}`,
		);
		for (const {what, rss: own, pss: share} of used.toSorted((left, right) => right.pss - left.pss))
			console.log(`  ${what}: ${(share / 1000).toFixed(0)} MB PSS, ${(own / 1000).toFixed(0)} MB RSS`);
	}
	await must('terminate --yes');
} finally {
	await world.close();
}

async function must(args: string) {
	const finished = await world.run(`${args} --json`);
	if (finished.code !== 0) throw new Error(`constellation ${args}: ${finished.stdout.slice(-1000)} ${finished.stderr}`);
	return finished;
}

/** Seconds from the end of the plan, when a person would agree to it, to the result. */
async function start(): Promise<number> {
	const {lines} = await must('apply --yes');
	const at = (id: string, state: string) =>
		Number(lines.find(line => line['type'] === 'phase' && line['id'] === id && line['state'] === state)?.['at']);
	return (at('nodes', 'done') - at('plan', 'done')) / 1000;
}
