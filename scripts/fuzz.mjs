// Throws changed inputs at everything that reads what others wrote. `npm run fuzz` gives each target a million of them,
// `npm run fuzz -- --inputs=N --start=N NAME…` fewer, other ones, or some targets only. It needs a Node that reads TypeScript.
import {parseArgs} from 'node:util';
import {fuzz} from '../test/helpers/fuzz.ts';
import {fuzzTargets} from '../test/helpers/fuzz-targets.ts';

const {values, positionals} = parseArgs({
	options: {
		inputs: {type: 'string', default: '1000000'},
		start: {type: 'string', default: String(Date.now() % 2 ** 32)},
		short: {type: 'boolean'},
	},
	allowPositionals: true,
});
const inputs = values.short ? 3000 : Number(values.inputs);
const start = Number(values.start);
const chosen = fuzzTargets.filter(({name}) => positionals.length === 0 || positionals.includes(name));
if (chosen.length === 0) throw new Error(`no such target; there are: ${fuzzTargets.map(({name}) => name).join(', ')}`);

let failed = false;
for (const target of chosen) {
	const begin = performance.now();
	const {accepted, slowest, growth, problems} = fuzz(target, {inputs, start});
	const seconds = ((performance.now() - begin) / 1000).toFixed(1);
	console.log(
		`${target.name}: ${inputs} inputs in ${seconds} s, ${accepted} accepted, slowest ${slowest.toFixed(1)} ms, heap ${(growth / 2 ** 20).toFixed(1)} MiB`,
	);
	for (const problem of problems) console.log(`  ${problem}`);
	failed ||= problems.length > 0;
}
process.exitCode = failed ? 1 : 0;
