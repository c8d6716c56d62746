// Runs the benchmarks one after another; each compares within its own run and prints ratios. Arguments name some: `npm run bench -- quote`.
import {spawnSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import process from 'node:process';

const helpers = ['measure'];
const all = readdirSync('bench')
	.filter(file => file.endsWith('.ts'))
	.map(file => file.slice(0, -'.ts'.length))
	.filter(name => !helpers.includes(name));
const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !all.includes(name));
if (unknown.length > 0) {
	console.error(`There is no benchmark ${unknown.join(', ')}; there are ${all.join(', ')}.`);
	process.exitCode = 2;
} else {
	for (const name of wanted.length === 0 ? all : wanted) {
		console.log(`# ${name}`);
		const options = ['--import=./scripts/tsx.mjs', '--disable-warning=ExperimentalWarning'];
		const {status} = spawnSync(process.execPath, [...options, `bench/${name}.ts`], {stdio: 'inherit'});
		if (status !== 0) process.exitCode = 1;
	}
}
