import {existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {parse} from 'yaml';
import {homeFrame} from '../../components/home-frame.ts';
import {openHome} from '../../src/commands/home.ts';
import {loadCommand} from '../../src/commands/load.ts';
import {originalFacts} from '../../src/commands/original-home.ts';
import {originalLines} from '../../src/commands/original-words.ts';
import {commandTable} from '../../src/commands/table.ts';
import type {CommandInput} from '../../src/commands/types.ts';
import {openOriginal} from '../../src/flows/original/open.ts';
import {type OriginalStatus, originalStatus} from '../../src/flows/original/status.ts';
import {createOutput} from '../../src/output/output.ts';
import {eventually} from '../helpers/eventually.ts';
import {drawAll, plainTheme} from '../helpers/frame.tsx';
import {golden} from '../helpers/golden.ts';
import {originalNode} from '../helpers/original-node.ts';
import {adminFile, canary, clusterId, folderPrint, originalFolder, originalSecret} from '../helpers/original-workspace.ts';
import {type Captured, capture} from '../helpers/streams.ts';
import {recorded, serveRecorded} from '../helpers/v29-verifier.ts';

type Call = {
	flags?: CommandInput['flags'];
	argument?: string;
	json?: boolean;
	yes?: boolean;
	home?: string;
	surroundings?: Captured;
};

const empty = () => mkdtempSync(path.join(tmpdir(), 'original-'));

/** Runs a command in this process, as main does. */
async function run(
	folder: string,
	name: string,
	{flags = {}, argument, json = false, yes = true, home = empty(), surroundings}: Call = {},
) {
	const streams = surroundings ?? capture();
	const options = {...streams, env: {...streams.env, HOME: home, XDG_DATA_HOME: home}, flags: {json}};
	const output = await createOutput(options);
	let code: number;
	try {
		const command = await loadCommand(name);
		const input = {flags, ...(argument === undefined ? {} : {argument})};
		output.result(await command({output, surroundings: options, folder, yes, env: options.env}, input));
		code = 0;
	} catch (error) {
		code = output.fail(error);
	}
	const last = streams.out().trim().split('\n').at(-1) ?? '';
	return {
		code,
		out: streams.out(),
		err: streams.err(),
		result: last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : {},
	};
}

/** Commands that look at nothing in the folder, or at its config only. */
const elsewhere =
	/^(version|completion|doctor|posture|(image|releases|trust|receipt) .*|config (validate|schema|instance-types|regions|kubernetes-versions))$/;
const works = ['status', 'verify', 'recover', 'terminate', 'kubeconfig merge'];

test('every other command refuses with exit 3 and the reason; no command changes one byte of the folder', async t => {
	const arguments_: Readonly<Record<string, Call>> = {
		'config generate': {argument: 'local'},
		scale: {flags: {workers: 3}},
		'iam create': {argument: 'aws', flags: {prefix: 'demo'}},
		'iam upgrade': {argument: 'aws'},
		'iam destroy': {argument: 'aws'},
		recover: {flags: {endpoint: '127.0.0.1:1'}},
	};
	for (const files of [{}, {'constellation-conf.yaml': undefined}, {'constellation-state.yaml': 'version: v1\n'}]) {
		const folder = originalFolder('gcp', {files, kubeconfig: adminFile('https://127.0.0.1:1')});
		const before = folderPrint(folder);
		for (const {name} of commandTable) {
			if (elsewhere.test(name) || (name === 'recover' && !('constellation-state.yaml' in files))) continue;
			const {code, result} = await run(folder, name, {json: true, ...arguments_[name]});
			if (!works.includes(name) || name === 'terminate')
				t.like(result, {code: 'original-workspace', exitCode: 3}, `${name}: ${JSON.stringify(result)}`);
			if (!works.includes(name))
				t.true(code === 3 && (result['next'] as string[]).some(step => step.startsWith('constellation status')), name);
			t.deepEqual(folderPrint(folder), before, name);
		}
	}
});

const mask = (text: string, folder: string) => text.replaceAll(folder, '/clusters/old');

test('status and terminate say what there is, as text and as JSON, and no secret', async t => {
	const texts: string[] = [];
	for (const [id, files] of [
		['aws-sev-snp', {'constellation-iam-terraform/terraform.tfvars': ''}],
		['qemu-container', {'libvirt.name': 'constell-libvirt'}],
	] as const) {
		const folder = originalFolder(id, {files});
		const before = folderPrint(folder);
		for (const name of ['status', 'terminate']) {
			const {code, out, err} = await run(folder, name);
			t.is(code, name === 'status' ? 0 : 3);
			texts.push(`$ constellation ${name}  (${id})`, mask(out + err, folder));
			const {result, out: json} = await run(folder, name, {json: true});
			t.like(result, {ok: name === 'status', provider: id === 'aws-sev-snp' ? 'AWS' : 'QEMU', format: 'v2.9'});
			const {cluster} = result['resources'] as OriginalStatus['resources'];
			t.is(cluster.state?.total, 13);
			for (const secret of [canary, originalSecret.key.toString('base64')]) t.false((out + err + json).includes(secret), name);
		}
		t.deepEqual(folderPrint(folder), before);
	}
	golden(t, 'original/commands.txt', texts.join('\n'));
});

test('a cluster that does not answer is exit 7, with all that is known', async t => {
	const folder = originalFolder('gcp', {kubeconfig: adminFile('https://127.0.0.1:1')});
	const {code, result, err} = await run(folder, 'status', {json: true});
	t.is(code, 7, err);
	t.like(result, {code: 'cluster-unreachable', provider: 'GCP', stage: 'initialised', cluster: {reachable: false}, problems: []});
	const {out} = await run(folder, 'status');
	t.regex(out, /GCP/, 'what is known is a result: it goes to stdout, the error to stderr');
});

test('the lines of status for a cluster that answers, wide and narrow', async t => {
	const original = await openOriginal(originalFolder('gcp', {kubeconfig: 'x'}));
	if (original === undefined) throw new Error('not recognised');
	const {cluster: _, ...found} = await originalStatus(
		{...original, workspace: {...original.workspace, path: () => '/nowhere'}},
		() => {
			throw new Error('nobody is asked');
		},
	);
	const cluster: OriginalStatus['cluster'] = {
		server: 'https://203.0.113.50:6443',
		certificateUntil: '2027-08-01T00:00:00.000Z',
		reachable: true,
		target: {
			value: {image: 'v2.9.1', reference: 'x', kubernetes: 'v1.26.6', message: 'Node version of every node is up to date'},
		},
		nodes: {
			value: [
				{name: 'constell-control-plane-1', role: 'control-plane', ready: true, kubelet: 'v1.26.6', image: 'current'},
				{name: 'constell-worker-1', role: 'worker', ready: false, kubelet: 'v1.26.5', image: 'other'},
			],
		},
		services: {value: [{name: 'cilium', version: 'v1.12.1'}]},
		attestation: {problem: '403 forbidden'},
	};
	const shown = [100, 60].map(width => {
		const lines = originalLines({...found, cluster}, width);
		t.deepEqual(
			lines.filter(line => line.length > width),
			[],
			`${width} columns`,
		);
		return `--- ${width}\n${lines.join('\n')}\n`;
	});
	golden(t, 'original/status.txt', shown.join('\n'));
});

test('verify names what the files do not say, and does not send to apply', async t => {
	for (const files of [{}, {'constellation-id.json': undefined}]) {
		const {code, result} = await run(originalFolder('gcp', {initialised: false, files}), 'verify', {json: true});
		t.is(code, 3);
		t.regex((result['next'] as string[]).join(' '), /--cluster-id/);
	}
});

test('verify works and writes no receipt', async t => {
	const peer = recorded('initialised');
	const ip = '127.91.7.31';
	await serveRecorded(t, peer.document, `${ip}:30081`);
	const folder = originalFolder('qemu-system-socket', {id: {ip, clusterID: peer.clusterIdHex}});
	const before = folderPrint(folder);
	// Any answer but a fresh one is refused; that it is judged at all is what counts here.
	const {code, result} = await run(folder, 'verify', {json: true, flags: {'accept-unknown-keys': true}});
	t.is(code, 5);
	t.is(result['code'], 'attestation-refused');
	t.deepEqual(folderPrint(folder), before);
});

test('kubeconfig merge changes the own file only, once agreed, and never one of the workspace', async t => {
	const folder = originalFolder('gcp', {kubeconfig: adminFile('https://203.0.113.50:6443')});
	const before = folderPrint(folder);
	const home = empty();
	const file = path.join(home, '.kube/config');
	const refused = await run(folder, 'kubeconfig merge', {home, yes: false, json: true});
	t.is(refused.result['code'], 'no-terminal');
	t.false(existsSync(file));
	const merged = await run(folder, 'kubeconfig merge', {home, json: true});
	t.like(merged.result, {ok: true, changed: true, context: 'constell-1a2b3c04-admin@constell-1a2b3c04', file});
	t.is(statSync(file).mode & 0o777, 0o600);
	t.is(
		(parse(readFileSync(file, 'utf8')) as {'current-context': string})['current-context'],
		'constell-1a2b3c04-admin@constell-1a2b3c04',
	);
	t.like((await run(folder, 'kubeconfig merge', {home, json: true})).result, {ok: true, changed: false});

	const linked = path.join(home, 'linked');
	const target = path.join(home, 'target');
	writeFileSync(target, '');
	symlinkSync(target, linked);
	t.like((await run(folder, 'kubeconfig merge', {home, json: true, flags: {to: linked}})).result, {file: target});
	mkdirSync(path.join(home, 'in'));
	for (const to of ['constellation-admin.conf', 'new.conf', 'constellation-terraform/x'])
		t.is(
			(await run(folder, 'kubeconfig merge', {json: true, flags: {to: path.join(folder, to)}})).result['code'],
			'kubeconfig-place',
			to,
		);
	t.is((await run(originalFolder('gcp'), 'kubeconfig merge', {json: true})).result['code'], 'kubeconfig-missing');
	t.deepEqual(folderPrint(folder), before);
});

/** A workspace whose config expects what the node has. */
function folderFor(four: string, ip: string): string {
	const section = (index: number, value: string) => `      ${index}:\n        expected: "${value}"\n        warnOnly: false\n`;
	return originalFolder('qemu-system-socket', {
		id: {ip},
		config: text =>
			text.replace(
				/attestation:[^]*/,
				`attestation:\n  qemuVTPM:\n    measurements:\n${section(4, four)}${section(15, '00'.repeat(32))}`,
			),
	});
}

/** On a terminal that draws nothing: answers what is asked. */
async function answering(t: ExecutionContext, folder: string, answer: string) {
	const surroundings = capture({tty: true, env: {TERM: 'dumb'}});
	const ended = run(folder, 'recover', {surroundings, yes: true});
	await eventually(() => (surroundings.out() + surroundings.err()).includes('Type constell'));
	surroundings.type(`${answer}\n`);
	return {surroundings, ended};
}

test('recover: --yes is no consent to an unknown key, the name of the cluster is', async t => {
	const host = '127.91.7.32';
	const node = await originalNode(t, {host});
	const folder = folderFor(node.registers[4] ?? '', host);
	const before = folderPrint(folder);
	const refused = await run(folder, 'recover', {json: true});
	t.like(refused.result, {code: 'attestation-refused', exitCode: 5});
	const declined = await answering(t, folder, 'yes');
	t.is((await declined.ended).code, 130);
	t.deepEqual(node.received, []);
	const agreed = await answering(t, folder, 'constell');
	await eventually(() => node.received.length === 1);
	agreed.surroundings.signals.emit('SIGINT');
	t.is((await agreed.ended).code, 130);
	t.is(node.received[0]?.key, originalSecret.key.toString('hex'));
	const text = agreed.surroundings.out() + agreed.surroundings.err();
	t.true(text.includes('Key-bound only'), text);
	t.true(text.includes('nothing proves that a genuine TPM'), text);
	t.false(text.includes(originalSecret.key.toString('base64')));
	t.deepEqual(folderPrint(folder), before);
});

test('the home screen of such a folder fits every window', async t => {
	const original = await openOriginal(originalFolder('azure-sev-snp', {kubeconfig: 'x'}));
	if (original === undefined) throw new Error('not recognised');
	const facts = {...originalFacts(original), checkedAt: 0};
	const shown = drawAll(t, size => homeFrame({facts, selected: 0, help: false, left: false}, size, plainTheme, 2000), ['Status']);
	golden(t, 'original/home.txt', shown);
});

test('the home screen offers what works and opens it', async t => {
	const folder = originalFolder('gcp', {config: text => text.replace('name: constell', 'name: old')});
	const before = folderPrint(folder);
	const surroundings = capture({tty: true, env: {TERM: 'dumb', HOME: empty()}});
	const ended = openHome(folder, surroundings, loadCommand);
	await eventually(() => (surroundings.out() + surroundings.err()).includes('What next?'));
	const text = surroundings.out() + surroundings.err();
	t.regex(text, /old: Constellation v2\.9 on GCP, initialised; the kubeconfig is missing/);
	t.regex(text, /only read, never changed/);
	surroundings.type('1\n');
	t.is(await ended, 0);
	t.true((surroundings.out() + surroundings.err()).includes('Moving on'));
	t.true(clusterId.length === 64);
	t.deepEqual(folderPrint(folder), before);
});
