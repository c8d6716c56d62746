import {readFileSync} from 'node:fs';
import {AppError, exitCodes} from '../../src/errors.ts';
import type {ClusterSummary, Event, EventOf} from '../../src/events.ts';
import {Secret} from '../../src/secret.ts';
import type {Answers, Plan, Versions, WizardDeps} from '../../src/wizard/deps.ts';

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
		async *plan(_answers, signal) {
			yield {type: 'waiting', message: 'terraform plan', at: Date.now()};
			await pause();
			signal.throwIfAborted();
			return plan;
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
