// A roll of 3 control planes and 2 workers against what it is made of: the joins of its new nodes and the drains of its old ones, one after
// the other. Needs the built tool and Terraform; all times are those of the events.
import {type Line, newWorld} from '../test/helpers/world.ts';

const world = newWorld();
try {
	await must('config generate local --name bench --control-planes 3 --workers 2');
	await must('apply --yes');
	await must('image make --version v0.2.0');
	const {result} = await must('upgrade check --image v0.2.0');
	const {measurements} = result['target'] as {measurements: string};
	const {lines} = await must(`upgrade apply --image v0.2.0 --accept-measurements ${measurements} --yes`);
	const phase = (id: string, state: string) =>
		Number(lines.find(line => line['type'] === 'phase' && line['id'] === id && line['state'] === state)?.['at']);
	const roll = (phase('workers', 'done') - phase('control-planes', 'started')) / 1000;
	const joins = spans(
		lines,
		line => line['state'] === 'joining',
		line => line['state'] === 'current',
	);
	const drains = spans(
		lines,
		line => line['state'] === 'draining' || line['state'] === 'leaving',
		line => line['state'] === 'removed',
	);
	const sum = [...joins, ...drains].reduce((total, each) => total + each, 0) / 1000;
	console.log(
		`a roll of 3 + 2: ${roll.toFixed(1)} s; its ${joins.length} joins and ${drains.length} drains: ${sum.toFixed(1)} s; ratio ${(roll / sum).toFixed(2)}`,
	);
	await must('terminate --yes');
} finally {
	await world.close();
}

/** Milliseconds from the first event of one kind about a node to the next of another. */
function spans(lines: readonly Line[], begins: (line: Line) => boolean, ends: (line: Line) => boolean): number[] {
	const moves = lines.filter(({type}) => type === 'replacement');
	return [...new Set(moves.map(({node}) => node))].flatMap(node => {
		const own = moves.filter(line => line['node'] === node);
		const from = own.find(line => begins(line));
		const to = own.find(line => ends(line) && Number(line['at']) >= Number(from?.['at']));
		return from === undefined || to === undefined ? [] : [Number(to['at']) - Number(from['at'])];
	});
}

async function must(args: string) {
	const finished = await world.run(`${args} --json`);
	if (finished.code !== 0) throw new Error(`constellation ${args}: ${finished.stdout.slice(-1000)} ${finished.stderr}`);
	return finished;
}
