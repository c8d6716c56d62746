// Makes a fresh clone ready: packages, then bundles. Plain JavaScript without packages, so that any Node from 20 on can run it.
import {spawnSync} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const root = path.dirname(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname));
process.chdir(root);

function run(command, args) {
	const result = spawnSync(command, args, {stdio: ['ignore', 2, 2], shell: process.platform === 'win32'});
	if (result.error) throw result.error;
	if (result.status !== 0) {
		console.error(`\`${[command, ...args].join(' ')}\` failed; its output is above.`);
		process.exit(result.status ?? 1);
	}
}

/** npm as npm itself started us, else the one on the PATH. */
function npm(...args) {
	const own = process.env.npm_execpath;
	if (own?.endsWith('npm-cli.js')) run(process.execPath, [own, ...args]);
	else run('npm', args);
}

// npm writes its own copy of the lock file last: older than ours means stale, missing means half-done.
function packagesAreCurrent() {
	const marker = 'node_modules/.package-lock.json';
	if (!existsSync(marker)) return false;
	const installed = JSON.parse(readFileSync(marker, 'utf8')).packages;
	const wanted = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
	return Object.entries(wanted).every(
		([name, entry]) =>
			name === '' || entry.optional === true || entry.peer === true || installed[name]?.version === entry.version,
	);
}

function newest(file) {
	const stat = statSync(file, {throwIfNoEntry: false});
	if (stat === undefined) return 0;
	if (!stat.isDirectory()) return stat.mtimeMs;
	return Math.max(0, ...readdirSync(file).map(name => newest(path.join(file, name))));
}

function bundlesAreCurrent() {
	const built = statSync('dist/version.json', {throwIfNoEntry: false});
	if (built === undefined) return false;
	return ['src', 'components', 'terraform', 'scripts/build.mjs', 'package.json'].every(source => newest(source) <= built.mtimeMs);
}

if (!packagesAreCurrent()) {
	console.error('Installing packages (once) …');
	// Warnings there are about the Node that runs npm; the one that runs the product comes with the packages.
	npm('ci', '--no-audit', '--no-fund', '--loglevel=error');
}

if (!bundlesAreCurrent() && process.env.npm_lifecycle_event !== 'pretest') {
	console.error('Building …');
	npm('run', '--silent', 'build');
}
