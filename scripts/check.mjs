// Everything that can be said about the code without running it. Prints what failed; exit code 1 if anything did.
import {spawn} from 'node:child_process';
import process from 'node:process';

const checks = {
	format: ['biome', 'check', '.'],
	// Syntax trees are many small objects: a larger nursery spares much collecting.
	'lint and types': ['node', '--max-semi-space-size=128', 'scripts/lint.mjs'],
	'dead code': ['knip'],
	'circles of files': ['knip', '--cycles'],
	'generated files': ['node', 'scripts/generate.mjs', '--check'],
};

function run([command, ...args]) {
	return new Promise(resolve => {
		const child = spawn(command, args, {stdio: ['ignore', 'pipe', 'pipe']});
		let output = '';
		child.stdout.on('data', chunk => (output += chunk));
		child.stderr.on('data', chunk => (output += chunk));
		child.on('error', error => resolve({ok: false, output: error.message}));
		child.on('close', code => resolve({ok: code === 0, output}));
	});
}

const only = process.argv.slice(2);
const queue = Object.entries(checks).filter(([name]) => only.length === 0 || only.includes(name));
const failed = [];
// Two at a time: one of them is much longer than the others together.
await Promise.all(
	[0, 1].map(async () => {
		for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
			const [name, command] = next;
			const {ok, output} = await run(command);
			console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}`);
			if (ok) continue;
			failed.push(name);
			console.log(output.trimEnd());
		}
	}),
);
if (failed.length > 0) {
	console.log(`check failed: ${failed.join(', ')}`);
	process.exitCode = 1;
}
