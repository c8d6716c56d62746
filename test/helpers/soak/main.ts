// What `npm run soak` runs; scripts/soak.mjs says what it is.

import {appendFileSync, existsSync, readFileSync} from 'node:fs';
import {parseArgs} from 'node:util';
import {strict} from '../strict.ts';
import {newWorld, type World} from '../world.ts';
import {type Outcome, type SoakCase, sizeOf, tableOf} from './case.ts';
import {modelCases} from './model.ts';
import {rollCases} from './rolls.ts';

const {values, positionals} = parseArgs({
	options: {list: {type: 'boolean', default: false}, record: {type: 'string'}, size: {type: 'string'}, seed: {type: 'string'}},
	allowPositionals: true,
});
const limitMs = 6 * 60_000;
const all = [...rollCases, ...modelCases(Number(values.seed ?? '1'))];
const cases = all
	.filter(({name}) => positionals.length === 0 || positionals.some(text => name.includes(text)))
	.map(each => (values.size === undefined || !/^(?:kill|load)/.test(each.name) ? each : {...each, size: values.size}));
const known = values.record !== undefined && existsSync(values.record) ? readFileSync(values.record, 'utf8') : '';
const outcomes = known
	.split('\n')
	.filter(line => line !== '')
	.map(line => JSON.parse(line) as Outcome)
	.filter(({passed}) => passed);
let [world, size, serial]: [World | undefined, string, number] = [undefined, '', 0];

/** The cluster of the case before where it will do, else a new one. */
async function worldFor(wanted: string): Promise<World> {
	if (world !== undefined && size === wanted) return world;
	await endWorld();
	const made = newWorld();
	[world, size, serial] = [made, wanted, 0];
	const {controlPlanes, workers} = sizeOf(wanted);
	await made.expect(strict, 0, `config generate local --name soak --control-planes ${controlPlanes} --workers ${workers}`);
	await made.expect(strict, 0, 'apply --yes');
	return made;
}

async function endWorld(): Promise<void> {
	const ending = world;
	world = undefined;
	await ending?.close();
}

async function attempt({name, size: wanted, run}: SoakCase): Promise<Outcome> {
	const began = performance.now();
	const outcome = (passed: boolean, said: string): Outcome => ({name, passed, seconds: (performance.now() - began) / 1000, said});
	let timer: NodeJS.Timeout | undefined;
	try {
		const place = await worldFor(wanted);
		serial += 1;
		const limit = new Promise<never>((_, reject) => {
			timer = setTimeout(() => reject(new Error(`not over after ${limitMs / 1000} s`)), limitMs);
		});
		return outcome(true, await Promise.race([run(place, `v0.2.${serial}`, serial), limit]));
	} catch (error) {
		// What a failed case leaves behind must not fail the next one.
		await endWorld();
		return outcome(false, error instanceof Error ? error.message : String(error));
	} finally {
		clearTimeout(timer);
	}
}

const unknown = positionals.filter(text => all.every(({name}) => !name.includes(text)));
if (unknown.length > 0) {
	console.error(`There is no case ${unknown.join(', ')}; --list names them.`);
	process.exitCode = 2;
} else if (values.list) for (const {name, size: wanted} of cases) console.log(`${wanted}  ${name}`);
else {
	try {
		for (const each of cases.filter(({name}) => !outcomes.some(outcome => outcome.name === name))) {
			const outcome = await attempt(each);
			outcomes.push(outcome);
			console.log(
				`${outcome.passed ? 'ok    ' : 'FAILED'} ${outcome.name} (${outcome.seconds.toFixed(0)} s)${outcome.said && `: ${outcome.said}`}`,
			);
			if (values.record !== undefined) appendFileSync(values.record, `${JSON.stringify(outcome)}\n`);
		}
	} finally {
		await endWorld();
	}
	const failed = outcomes.filter(({passed}) => !passed).length;
	console.log(['', ...tableOf(outcomes), '', `${outcomes.length - failed} passed, ${failed} failed`].join('\n'));
	process.exitCode = failed === 0 ? 0 : 1;
}
