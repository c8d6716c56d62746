import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {e2e, expectNothingLeft, newWorld, nodePid} from '../helpers/e2e.ts';
import {type Pty, startPty} from '../helpers/pty.ts';
import {screenSvg} from '../helpers/svg.ts';

const cli = resolve(import.meta.dirname, '..', '..', 'dist', 'cli.mjs');
const images = resolve(import.meta.dirname, '..', '..', 'docs', 'images');
/** With UPDATE_PICTURES=1 the journey leaves the README's picture and the recording of the first run. */
const updates = process.env['UPDATE_PICTURES'] === '1';

const questions = [
	'Which folder should hold the cluster?',
	'What could fail later was checked',
	'Where should the nodes run?',
	'What should the cluster be called?',
	'How many nodes?',
	'Which Kubernetes version?',
	'Which node image do you trust?',
];

e2e('from an empty folder to a cluster in the wizard; watching, a lost node, the end', async t => {
	const world = newWorld();
	t.teardown(() => world.close());
	const columns = 100;
	const rows = 28;
	const open = (args: readonly string[], size = {columns, rows}) =>
		startPty({command: [process.execPath, cli, ...args], cwd: world.workspace, env: {...textOnly(world.env)}, ...size});

	const wizard = open([]);
	for (const question of questions) {
		await wizard.waitFor(question, 90);
		if (question.startsWith('What could fail')) await wizard.waitFor('Nothing is in the way', 90);
		if (question.startsWith('Which folder')) await wizard.waitFor('enter continue');
		// Back is free and keeps what was answered.
		if (question.startsWith('Which Kubernetes')) {
			wizard.type('\u{1b}');
			await wizard.waitFor('How many nodes?');
			await nextQuestion(wizard);
		}
		if (question.startsWith('How many')) await nextQuestion(wizard);
		else wizard.type('\r');
		if (question.startsWith('Which node image')) {
			await wizard.waitFor('❯ Compare with');
			wizard.type('\r');
		}
	}
	await wizard.waitFor('Terraform will create', 90);
	await wizard.waitFor('same without questions');
	wizard.type('\r');
	// The last sight of the lanes before the secrets.
	let [lanes, picture] = ['', ''];
	await wizard.waitFor(screen => {
		if (screen.includes('measure attest')) [lanes, picture] = [screen, screenSvg(wizard.terminal)];
		return screen.includes('Master secret');
	}, 120);
	t.regex(lanes, /control-plane-0( +●){4}/u);
	t.regex(lanes, /worker-1( +●){3}/u);
	t.false(wizard.raw().includes('\u{1b}[3J'), 'the scrollback of the terminal is not ours to clear');

	const {key} = JSON.parse(readFileSync(world.file('constellation-mastersecret.json'), 'utf8')) as {key: string};
	t.false(wizard.raw().includes(key), 'hidden until it is asked for');
	wizard.type('s');
	await wizard.waitFor(key);
	wizard.type('s');
	await wizard.waitFor(screen => !screen.includes(key));
	// Letters are keys here until Enter opens the field.
	wizard.type('\r');
	await wizard.waitFor('enter go on');
	wizard.type(`${key.slice(-6)}\r`);
	await wizard.waitFor('is ready: 1 control plane, 2 workers');
	wizard.type('\r');
	t.is(await wizard.exits(), 0);
	t.regex(wizard.screen(), /copy confirmed/u);
	t.false(wizard.screen().includes(key), 'nothing secret stays on the normal screen');

	t.regex(world.kubectl('get nodes'), /worker-1 +Ready/u);

	// Who leaves the review has agreed to nothing, also not to the flags.
	const config = readFileSync(world.file('constellation-conf.yaml'), 'utf8');
	const leaving = open(['apply', '--workers', '3']);
	await leaving.waitFor('3 workers', 90);
	await leaving.waitFor('Terraform will', 90);
	leaving.type('\u{3}');
	t.is(await leaving.exits(), 130);
	t.is(readFileSync(world.file('constellation-conf.yaml'), 'utf8'), config);

	const home = open([], {columns: 80, rows: 24});
	await home.waitFor('nodes 3 of 3 ready');
	home.type('\r');
	await home.waitFor('Watching');
	await home.waitFor(screen => /worker-1.*●/u.test(screen));
	process.kill(nodePid(world, 'worker-1') ?? 0, 'SIGKILL');
	await home.waitFor(screen => /worker-1 .*(▲|✖)/u.test(screen));
	home.resize(40, 24);
	await home.waitFor(screen => screen.split('\n').every(line => line.length <= 40) && screen.includes('worker-1'));
	home.type('\u{3}');
	t.not(await home.exits(), 1);

	t.is((await world.run('terminate --yes')).code, 0);
	await expectNothingLeft(t, world);
	if (updates) {
		mkdirSync(images, {recursive: true});
		writeFileSync(join(images, 'join.svg'), picture);
		writeFileSync(join(images, 'first-run.cast'), wizard.recording());
	}
});

/** Two fields stand on this step: Enter goes from the first to the second, then on. */
async function nextQuestion(wizard: Pty): Promise<void> {
	wizard.type('\r');
	await wizard.waitFor(screen => screen.includes('❯ Workers') || screen.includes('Which Kubernetes'));
	if (!wizard.screen().includes('Which Kubernetes')) wizard.type('\r');
	await wizard.waitFor('Which Kubernetes version?');
}

function textOnly(env: NodeJS.ProcessEnv): Record<string, string> {
	const {TERM: _, ...others} = env;
	return Object.fromEntries(Object.entries(others).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
