import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {AppError, exitCodes} from '../../src/errors.ts';
import type {ClusterSummary, Event, EventOf} from '../../src/events.ts';
import {Secret} from '../../src/secret.ts';
import type {Answers, IdentityPlan, Plan, Versions, WizardDeps} from '../../src/wizard/deps.ts';
import type {VouchedView} from '../../src/wizard/vouched-view.ts';

/** A recorded stream of events. */
export function recording(name: string): Event[] {
	const text = readFileSync(new URL(`../fixtures/events/${name}.jsonl`, import.meta.url), 'utf8');
	return text
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as Event);
}

/** The key is 32 times 0x5a, the salt 32 times 0xa5: easy to find where they must not be. */
export const canaryKey = new Uint8Array(32).fill(0x5a);
export const canarySalt = new Uint8Array(32).fill(0xa5);

export const versions: Versions = {
	places: {
		local: 'ready',
		aws: 'has credentials',
		azure: 'needs credentials',
		gcp: 'needs credentials',
		openstack: 'needs a clouds.yaml',
		stackit: 'needs a clouds.yaml',
	},
	kubernetes: ['v1.32.9', 'v1.31.13', 'v1.30.14'],
	images: [
		{
			version: 'v0.1.0',
			source: '~/.local/share/constellation/images/v0.1.0',
			origin: 'computed',
			signer: 'your release key',
			log: 'no public log is asked about keys of your own',
			registers: [
				{register: 4, meaning: 'launcher', value: '91c2'.repeat(16)},
				{register: 9, meaning: 'node program', value: '3f0c'.repeat(16)},
				{register: 11, meaning: 'runtime', value: '77d2'.repeat(16)},
				{register: 12, meaning: 'command line and keys'},
				{register: 15, meaning: 'cluster ID (zero before)', value: '0000'.repeat(16)},
			],
		},
	],
};

export const vouched: VouchedView = {
	flags: [],
	source: 'https://mirror.example.org/constellation/v2/ref/-/stream/stable/v0.1.0/image/measurements.json',
	digest: `sha256:${'5e91'.repeat(16)}`,
	signer: {name: 'key 1 of the config', fingerprint: `sha256:${'77d2'.repeat(16)}`},
	logWords: 'log not checked: signed by a key of your own',
};

export const plan: Plan = {
	hash: 'b1946ac92492d2347c6235b4d2611184',
	create: 5,
	update: 0,
	destroy: 0,
	changes: recording('apply').find((event): event is EventOf<'plan'> => event.type === 'plan')?.changes ?? [],
	writes: ['constellation-id.json', 'constellation-mastersecret.json', 'constellation-admin.conf', 'constellation-terraform/'],
	opens: ['6443 kubernetes', '9000 bootstrapper', '9999 recovery', '30080 verify-http', '30081 verify', '30090 join'].map(
		port => `127.44.7.1:${port}`,
	),
	costs: ['3 machines as processes on this computer, about 450 MB of memory; no money'],
	irreversible: ['a lost master secret cannot be recreated'],
};

/** What Terraform would make for the nodes on AWS. */
export const identityPlan: IdentityPlan = {
	hash: '7d793037a0760186574b0282f2f435e7',
	create: 8,
	update: 0,
	destroy: 0,
	changes: [{address: 'aws_iam_role.node["control-plane"]', action: 'create', kind: 'role'}],
	preview: [{title: 'Identity', lines: ['create 2 policies, create 2 roles', 'create 2 instance profiles']}],
};

/** What Terraform would make on AWS, as the flow for clouds tells it. */
export const cloudPlan: Plan = {
	hash: '0cc175b9c0f1b6a831c399e269772661',
	create: 47,
	update: 0,
	destroy: 0,
	changes: [
		{address: 'aws_vpc.cluster', action: 'create', kind: 'network'},
		{address: 'aws_lb.cluster', action: 'create', kind: 'load balancer'},
	],
	preview: [
		{title: 'Machines', lines: ['none yet: the config names no image']},
		{title: 'Network', lines: ['create 1 network', 'create 2 NAT gateways', 'create 9 security rules']},
		{title: 'Load balancer', lines: ['create 1 load balancer', 'create 6 listeners']},
		{title: 'Who can reach it', lines: ['198.51.100.7/32 and the nodes: the ports of the load balancer']},
		{title: 'Costs money', lines: ['load balancer, by the hour', 'NAT gateways, by the hour and the gigabyte']},
	],
	writes: ['constellation-id.json', 'constellation-terraform/'],
	opens: ['its ports to 198.51.100.7/32'],
	costs: ['load balancer, by the hour', 'NAT gateways, by the hour and the gigabyte'],
	irreversible: [],
};

/** How far a cloud without a node image comes. */
export const noImage = new AppError(
	'The infrastructure is there, at 198.51.100.9; there are no machines yet, because the config names no image.',
	{
		code: 'no-node-image',
		exitCode: exitCodes.preflight,
		next: [
			'This tool has no node image for AWS yet. Until there is one, this is as far as it goes.',
			'Name an image of your own in the config and run the command again to make the machines.',
			'constellation terminate   removes everything again; until then it costs money',
		],
	},
);

export const summary: ClusterSummary = summaryOf(recording('apply'));

function summaryOf(events: readonly Event[]): ClusterSummary {
	for (const event of events) if (event.type === 'summary') return event.summary;
	throw new Error('the recording has no summary');
}

export type World = WizardDeps & {calls: string[]; drafts: string[]; applied: Answers[]};

/** A world in memory that answers at once and remembers what was asked. */
export function wizardWorld(
	changes: Partial<WizardDeps> = {},
	pause: () => Promise<void> = async () => Promise.resolve(),
): World {
	const calls: string[] = [];
	const drafts: string[] = [];
	const applied: Answers[] = [];
	return {
		calls,
		drafts,
		applied,
		now: Date.now,
		folder: async path => Promise.resolve({path: `/home/you/${path === '.' ? 'demo' : path}`, notes: []}),
		async *checks() {
			for (const event of recording('trouble')) {
				await pause();
				if (event.type === 'check' && event.state !== 'failed') yield event;
			}
		},
		versions: async () => Promise.resolve(versions),
		vouch: async () => Promise.resolve(vouched),
		async *plan(answers, signal) {
			yield {type: 'waiting', message: 'terraform plan', at: Date.now()};
			await pause();
			signal.throwIfAborted();
			return answers.cloud === undefined ? plan : cloudPlan;
		},
		async *apply(answers, _plan, signal) {
			applied.push(answers);
			for (const event of recording('apply')) {
				await pause();
				signal.throwIfAborted();
				yield {...event, at: Date.now()};
			}
			return summary;
		},
		editConfig: async (answers, open) => {
			const folder = mkdtempSync(join(tmpdir(), 'edited-'));
			try {
				const file = join(folder, 'config.yaml');
				writeFileSync(file, `name: ${answers.name}\n`);
				await open(file);
				const name = /^name: ([a-z0-9-]+)$/mu.exec(readFileSync(file, 'utf8'))?.[1];
				if (name === undefined)
					throw new AppError('The config is not valid.', {code: 'invalid-config', exitCode: exitCodes.usage});
				return {name};
			} finally {
				rmSync(folder, {recursive: true});
			}
		},
		async *remove() {
			await pause();
			calls.push('remove');
			yield {type: 'phase', id: 'destroy', state: 'started', at: Date.now()};
			return ['47 resources in AWS'];
		},
		async *planIdentities() {
			await pause();
			yield {type: 'waiting', message: 'terraform plan', at: Date.now()};
			return identityPlan;
		},
		async *makeIdentities() {
			await pause();
			calls.push('make identities');
			yield {type: 'resource', address: 'aws_iam_role.node', action: 'create', state: 'done', at: Date.now()};
			return {iamProfileControlPlane: 'demo_control_plane_profile', iamProfileWorkerNodes: 'demo_worker_profile'};
		},
		masterSecret: async () => Promise.resolve({key: new Secret(canaryKey), salt: new Secret(canarySalt)}),
		copyConfirmed: async (_answers, confirmed) => {
			calls.push(`copy ${String(confirmed)}`);
			return Promise.resolve();
		},
		saveConfig: async () => {
			calls.push('save');
			return Promise.resolve();
		},
		loadDraft: async () => Promise.resolve(undefined),
		saveDraft: async text => {
			drafts.push(text);
			return Promise.resolve();
		},
		removeDraft: async () => {
			calls.push('remove draft');
			return Promise.resolve();
		},
		crashReport: () => '/tmp/report.txt',
		...changes,
	};
}

/** What a person can act on, as a flow would throw it. */
export const cloudFailure = new AppError('The machine service did not start.', {
	code: 'machine-service',
	exitCode: exitCodes.infrastructure,
	problems: [{path: 'terraform_data.service', message: 'exit code 1: address in use'}],
	next: ['constellation doctor', 'constellation apply'],
});
