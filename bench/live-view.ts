// The live view at 1,000 nodes and 200 events a second: frames a second, share of one core, heap at the end against the
// start; each against the same view with 10 nodes. Argument: seconds to run for each (default 20; 600 shows ten minutes).
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';

// React decides by this variable which build it loads, so it is set before anything imports it.
process.env['NODE_ENV'] = 'production';
const {runWithInk} = await import('../src/output/run-with-ink.tsx');
const {capture} = await import('../test/helpers/streams.ts');
const {laneStates} = await import('../src/events.ts');

const seconds = Number(process.argv[2] ?? 20);
const eventsPerSecond = 200;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

type Figures = {frames: number; cpu: number; heapBefore: number; heapAfter: number; bytes: number};

async function measure(nodes: number): Promise<Figures> {
	const io = {...capture({tty: true, columns: 120, rows: 40, env: {FORCE_COLOR: '1'}}), now: Date.now};
	let frames = 0;
	let bytes = 0;
	// Counted and thrown away: what a terminal does with it is not ours.
	io.stdout.write = (chunk: string | Uint8Array) => {
		bytes += chunk.length;
		if (chunk.length > 40) frames += 1;
		return true;
	};
	let heapBefore = 0;
	let cpu = process.cpuUsage();
	let start = performance.now();
	await runWithInk(
		'bench',
		async function* () {
			yield {type: 'phase', id: 'nodes', state: 'started', at: Date.now()};
			const began = performance.now();
			let sent = 0;
			let isWarm = false;
			while (performance.now() - began < (seconds + 2) * 1000) {
				const due = Math.floor(((performance.now() - began) / 1000) * eventsPerSecond);
				for (; sent < due; sent += 1) yield event(sent, nodes);
				await new Promise(resolve => setTimeout(resolve, 5));
				if (isWarm || performance.now() - began < 2000) continue;
				// The first two seconds fill the table and the caches of the runtime.
				isWarm = true;
				collect();
				heapBefore = process.memoryUsage().heapUsed;
				cpu = process.cpuUsage();
				start = performance.now();
				frames = 0;
				bytes = 0;
			}
		},
		io,
	);
	const elapsed = (performance.now() - start) / 1000;
	const used = process.cpuUsage(cpu);
	collect();
	return {
		frames: frames / elapsed,
		cpu: (used.user + used.system) / 1e6 / elapsed,
		heapBefore,
		heapAfter: process.memoryUsage().heapUsed,
		bytes: bytes / elapsed,
	};
}

function event(index: number, nodes: number) {
	const node = `worker-${index % nodes}`;
	const at = Date.now();
	if (index % 4 === 3) return {type: 'log', source: node, line: `line ${index} of what a node tells while it boots`, at} as const;
	const state = laneStates[Math.floor(index / nodes) % laneStates.length] ?? 'ready';
	return {type: 'lane', node, role: 'worker', state, source: 'provider', at} as const;
}

const few = await measure(10);
const many = await measure(1000);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
console.log(`frames a second: ${many.frames.toFixed(1)} with 1,000 nodes, ${few.frames.toFixed(1)} with 10 (target <= 4)`);
console.log(
	`share of one core: ${percent(many.cpu)}; with 10 nodes: ${percent(few.cpu)}; ratio ${(many.cpu / few.cpu).toFixed(2)} (target <= 3)`,
);
console.log(
	`heap after ${seconds} s: ${megabytes(many.heapAfter)}; before: ${megabytes(many.heapBefore)}; ratio ${(many.heapAfter / many.heapBefore).toFixed(2)} (target <= 1.5)`,
);
console.log(
	`written to the terminal: ${(many.bytes / 1000).toFixed(1)} kB/s; with 10 nodes: ${(few.bytes / 1000).toFixed(1)} kB/s`,
);
process.exit(0);
