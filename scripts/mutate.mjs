// Switches off named security checks one by one in a copy of the tree: each must turn a test red.
// `npm run mutate` runs all of them, `npm run mutate -- NAME…` some.
import {spawnSync} from 'node:child_process';
import {cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';

/** @type {{name: string, file: string, find: string, replace: string, tests: string[]}[]} */
const mutations = JSON.parse(readFileSync('scripts/mutations.json', 'utf8'));
const wanted = process.argv.slice(2);
const unknown = wanted.filter(name => !mutations.some(mutation => mutation.name === name));
if (unknown.length > 0) throw new Error(`There is no mutation ${unknown.join(', ')}; scripts/mutations.json names them.`);
const chosen = wanted.length === 0 ? mutations : mutations.filter(mutation => wanted.includes(mutation.name));

const room = mkdtempSync(path.join(tmpdir(), 'constellation-mutate-'));
for (const entry of [
	'src',
	'components',
	'test',
	'proto',
	'terraform',
	'scripts',
	'package.json',
	'ava.config.js',
	'tsconfig.json',
	'bench',
	'docs',
]) {
	cpSync(entry, path.join(room, entry), {
		recursive: true,
		force: true,
		errorOnExist: false,
		filter: source => !source.endsWith('.sock'),
	});
}
symlinkSync(path.resolve('node_modules'), path.join(room, 'node_modules'));

// The pinned runtime comes first, also when this is not started by npm.
const env = {...process.env, PATH: `${path.join(room, 'node_modules', '.bin')}${path.delimiter}${process.env.PATH}`};
const passes = tests =>
	spawnSync(path.join('node_modules', '.bin', 'ava'), tests, {cwd: room, stdio: 'ignore', env}).status === 0;

// Tests that fail anyway catch nothing.
const sound = new Map();
const isSound = tests => {
	const key = tests.join(' ');
	if (!sound.has(key)) sound.set(key, passes(tests));
	return sound.get(key);
};

let survived = 0;
try {
	for (const mutation of chosen) {
		const file = path.join(room, mutation.file);
		const original = readFileSync(file, 'utf8');
		if (original.split(mutation.find).length !== 2) {
			console.log(`stale     ${mutation.name}: ${mutation.file} does not hold the text exactly once`);
			survived++;
			continue;
		}
		if (!isSound(mutation.tests)) {
			console.log(`unusable  ${mutation.name}: its tests fail without it`);
			survived++;
			continue;
		}
		writeFileSync(
			file,
			original.replace(mutation.find, () => mutation.replace),
		);
		const lived = passes(mutation.tests);
		writeFileSync(file, original);
		if (lived) survived++;
		console.log(`${lived ? 'SURVIVED' : 'caught  '}  ${mutation.name}`);
	}
} finally {
	rmSync(room, {recursive: true, force: true});
}
console.log(`${chosen.length - survived} caught, ${survived} survived`);
process.exitCode = survived === 0 ? 0 : 1;
