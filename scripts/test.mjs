// Every test: build, check, ava. The last line is `N passed, N failed, N skipped`; a leftover process is a failure.
// Arguments go to ava: `npm test -- test/keys/**` runs a part, without the checks.
import {spawn, spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';

const counts = {passed: 0, failed: 0, skipped: 0};
const selection = process.argv.slice(2);

async function step(title, script) {
	console.log(`# ${title}`);
	const child = spawn(process.execPath, [script], {stdio: 'inherit'});
	const status = await new Promise(resolve => child.once('close', resolve));
	if (status === 0) return true;
	console.log(`not ok - ${title}`);
	counts.failed += 1;
	return false;
}

/** Processes that still stand in, or were started from, the folder all tests work in. */
function leftovers(folder) {
	if (process.platform !== 'linux') {
		const {stdout} = spawnSync('ps', ['-A', '-o', 'pid=,command='], {encoding: 'utf8'});
		return stdout.split('\n').filter(line => line.includes(folder));
	}
	const read = reader => {
		try {
			return reader();
		} catch {
			return ''; // Gone meanwhile, or another user's.
		}
	};
	return readdirSync('/proc')
		.filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
		.map(pid => ({
			pid,
			command: read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' '),
			cwd: read(() => readlinkSync(`/proc/${pid}/cwd`)),
		}))
		.filter(({command, cwd}) => command.includes(folder) || cwd.startsWith(folder))
		.map(({pid, command, cwd}) => `${pid} ${command.slice(0, 120)} (in ${cwd})`);
}

/** Files of tests that began and did not end as they should. */
const unfinished = begun => readdirSync(begun).map(name => decodeURIComponent(name));

async function ava(folder) {
	const begun = path.join(folder, 'begun');
	mkdirSync(begun);
	const child = spawn('ava', ['--tap', ...selection], {
		stdio: ['ignore', 'pipe', 'inherit'],
		// Every test file is a process of its own: what one compiled, the next need not.
		env: {
			...process.env,
			NODE_COMPILE_CACHE: path.join(folder, 'compiled'),
			TMPDIR: folder,
			TEST_THE_BUILD: '1',
			TEST_FILES: begun,
			CI: '',
			FORCE_COLOR: '0',
			TERM: 'xterm-256color',
			LANG: 'C.UTF-8',
		},
	});
	let failing = false;
	let ended = false;
	for await (const line of createInterface({input: child.stdout})) {
		ended ||= /^1\.\.\d+/.test(line);
		if (/^\s*(not )?ok \d+/.test(line)) {
			failing = line.includes('not ok') && !/# (SKIP|TODO)/i.test(line);
			if (failing) counts.failed += 1;
			else if (/# (SKIP|TODO)/i.test(line)) counts.skipped += 1;
			else counts.passed += 1;
			console.log(line);
		} else if (/SKIPPED: /.test(line)) {
			counts.passed -= 1;
			counts.skipped += 1;
			console.log(line);
		} else if (failing || /^#\s/.test(line) || /^Bail out/.test(line)) console.log(line);
	}
	const code = child.exitCode ?? (await new Promise(resolve => child.once('close', resolve)));
	// Its reporter breaks, and all with it, when nothing happened within its time limit or a test ends its process.
	if (!ended) console.log('not ok - ava ended before it told all results');
	for (const file of unfinished(begun)) {
		console.log(`not ok - ${file} gave no complete result`);
		counts.failed += 1;
	}
	if (code !== 0 && counts.failed === 0) counts.failed += 1;
}

const folder = mkdtempSync(path.join(tmpdir(), 'ct-'));
// Tests ask what another user can reach: what keeps them out must be the product's own modes.
chmodSync(folder, 0o711);
try {
	const built = await step('build', 'scripts/build.mjs');
	// The linter alone takes minutes of one processor; the tests need not wait for it.
	await Promise.all([selection.length === 0 && step('check', 'scripts/check.mjs'), built && ava(folder)]);
	const left = leftovers(folder);
	if (left.length > 0) {
		console.log(`not ok - processes left running\n${left.join('\n')}`);
		counts.failed += 1;
	}
} finally {
	rmSync(folder, {recursive: true, force: true});
}

console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
