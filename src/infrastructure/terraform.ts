import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {execa} from 'execa';
import {AppError, exitCodes} from '../errors.ts';
import type {Event, PlannedChange, PlanPart} from '../events.ts';
import type {TerraformBinary} from './binary.ts';
import {terraformEnvironment} from './environment.ts';
import {failure} from './failure.ts';
import {type Message, readMessage} from './messages.ts';
import {otherRun, runLines} from './run.ts';
import {clearLockNote, lockHolder, repairState} from './state-file.ts';

/** A plan that was shown; `apply` does exactly this and nothing else. */
export type Plan = {
	file: string;
	/** SHA-256 of the plan file, hex. */
	sha256: string;
	operation: 'apply' | 'destroy';
	changes: PlannedChange[];
	/** What the changes mean, where the place says it. */
	preview?: PlanPart[];
	create: number;
	update: number;
	destroy: number;
	/** Nothing would change. */
	empty: boolean;
};

/** Outputs that every provider's module has. */
export type Outputs = {
	ip: string;
	endpoint: string;
	uid: string;
	name: string;
	network: string;
	endpoints: Record<string, string>;
};

export type TerraformOptions = {
	binary: TerraformBinary;
	/** constellation-terraform/, rendered. */
	folder: string;
	env: NodeJS.ProcessEnv;
	/** Variables of the environment that the provider needs, such as its credentials. */
	alsoPass?: readonly string[];
	/** On abort: one SIGINT, then the run is awaited; the operation throws `cancelled`. */
	signal?: AbortSignal;
	/** How a provider's own resources are told; undefined leaves one out. */
	describe?: (change: PlannedChange) => PlannedChange | undefined;
	/** What a plan means, by topics. */
	preview?: (changes: readonly PlannedChange[]) => PlanPart[];
};

export type Terraform = {
	plan(options?: {destroy?: boolean; replace?: readonly string[]}): AsyncGenerator<Event, Plan, void>;
	apply(plan: Plan): AsyncGenerator<Event, void, void>;
	/** Plans and applies the removal of everything. */
	destroy(): AsyncGenerator<Event, void, void>;
	outputs(): Promise<Outputs>;
	/** Outputs of a module of any kind, by name. */
	values(): Promise<Record<string, unknown>>;
	/** Addresses of the resources in the state. */
	resources(): Promise<string[]>;
};

const planFile = 'plan.bin';
const lockTimeout = '-lock-timeout=15s';

/** Terraform in one folder. Every operation throws AppError `terraform-failed`, `state-locked` (exit 4) or `cancelled` (exit 130). */
export const terraform = (options: TerraformOptions): Terraform => {
	const {binary, folder, signal, describe = same, preview} = options;
	const env = terraformEnvironment(options.env, existsSync, options.alsoPass);

	const run = async function* (
		args: readonly string[],
		onMessage: (message: Message) => void,
	): AsyncGenerator<Event, void, void> {
		const errors: Extract<Message, {kind: 'error'}>[] = [];
		const lines = runLines({program: binary.path, args, folder, env, ...(signal && {signal})});
		for (;;) {
			const {value, done} = await lines.next();
			if (done === true) {
				if (signal?.aborted === true) throw cancelled();
				if (value.exitCode !== 0) throw failure(args[0] ?? '', value, errors, await lockHolder(folder));
				return;
			}
			const message = readMessage(value, Date.now());
			if (message.kind === 'error') errors.push(message);
			if (message.kind === 'event' && isTold(message.event)) yield message.event;
			onMessage(message);
		}
	};

	/** What the provider leaves out of the plan is not told while it happens either. */
	const isTold = (event: Event): boolean =>
		event.type !== 'resource' || describe({address: event.address, action: 'no-op', kind: ''}) !== undefined;

	/** Waits for a Terraform that an earlier, killed run of the tool left at work, and tidies up after one that was killed itself. */
	const settle = async function* (): AsyncGenerator<Event, void, void> {
		const other = await otherRun(folder);
		if (other !== undefined) {
			const message = `Terraform ${other.command} of an earlier run is still at work (process ${other.process.pid})`;
			yield {type: 'waiting', message, at: Date.now()};
			while ((await otherRun(folder)) !== undefined) {
				if (signal?.aborted === true) throw cancelled();
				await delay(100);
			}
		}
		const note = await lockHolder(folder);
		if (note !== undefined && note.pid === undefined && process.platform === 'linux') {
			await clearLockNote(folder);
			const message = `The lock of a Terraform ${note.operation} that was killed is cleared (${note.who}, ${note.since}).`;
			yield {type: 'warning', code: 'stale-state-lock', message, at: Date.now()};
		}
		if (await repairState(folder)) {
			const message = 'The state was cut off when Terraform was killed; its backup is put back.';
			yield {type: 'warning', code: 'state-repaired', message, at: Date.now()};
		}
	};

	const plan: Terraform['plan'] = async function* ({destroy = false, replace = []} = {}) {
		yield* settle();
		yield* run(
			['init', '-input=false', '-no-color', ...(binary.product === 'terraform' && jsonInit(binary.version) ? ['-json'] : [])],
			ignore,
		);
		const file = join(folder, planFile);
		await rm(file, {force: true});
		const raw: PlannedChange[] = [];
		const args = ['plan', '-json', '-input=false', lockTimeout, `-out=${planFile}`, ...(destroy ? ['-destroy'] : [])];
		yield* run([...args, ...replace.map(address => `-replace=${address}`)], message => {
			if (message.kind === 'change') raw.push(message.change);
		});
		const changes = raw.map(describe).filter(change => change !== undefined);
		const count = (...actions: PlannedChange['action'][]) => changes.filter(change => actions.includes(change.action)).length;
		const counts = {create: count('create', 'replace'), update: count('update'), destroy: count('delete', 'replace')};
		const meaning = preview && {preview: preview(changes)};
		yield {type: 'plan', changes, ...counts, ...meaning, at: Date.now()};
		return {
			file,
			sha256: await digestOf(file),
			operation: destroy ? 'destroy' : 'apply',
			changes,
			...meaning,
			...counts,
			empty: raw.length === 0,
		};
	};

	const apply: Terraform['apply'] = async function* (shown) {
		try {
			if ((await digestOf(shown.file)) !== shown.sha256) throw changedPlan(shown);
			yield* settle();
			yield* run(['apply', '-json', '-input=false', lockTimeout, shown.file], ignore);
		} finally {
			await rm(shown.file, {force: true});
		}
	};

	const json = async (args: readonly string[]): Promise<unknown> => {
		const {stdout} = await execa(binary.path, args, {cwd: folder, env, extendEnv: false, maxBuffer: 64 * 1024 * 1024});
		return JSON.parse(stdout);
	};

	return {
		plan,
		apply,
		async *destroy() {
			yield* apply(yield* plan({destroy: true}));
		},
		async outputs() {
			return readOutputs(await json(['output', '-json']));
		},
		async values() {
			return valuesOf(await json(['output', '-json']));
		},
		async resources() {
			await repairState(folder);
			return addressesIn(await json(['show', '-json']));
		},
	};
};

/** `init -json` came with Terraform 1.9; older ones print text, which nobody reads. */
const jsonInit = (version: string): boolean => {
	const [major = 0, minor = 0] = version.split('.').map(Number);
	return major > 1 || minor >= 9;
};

const ignore = (): void => undefined;

const same = (change: PlannedChange): PlannedChange => change;

const digestOf = async (path: string): Promise<string> =>
	createHash('sha256')
		.update(await readFile(path))
		.digest('hex');

const valuesOf = (value: unknown): Record<string, unknown> => {
	const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, {value?: unknown} | undefined>;
	return Object.fromEntries(Object.entries(given).map(([name, output]) => [name, output?.value]));
};

const readOutputs = (value: unknown): Outputs => {
	const given = valuesOf(value);
	const string = (name: string): string => {
		const found = given[name];
		if (typeof found === 'string') return found;
		throw new AppError(`Terraform has no output ${name}: the machines were not created completely.`, {
			code: 'terraform-outputs',
			exitCode: exitCodes.infrastructure,
			next: ['Run `constellation apply` again.'],
		});
	};
	const {endpoints} = given;
	return {
		ip: string('ip'),
		endpoint: string('endpoint'),
		uid: string('uid'),
		name: string('name'),
		network: string('network'),
		endpoints: typeof endpoints === 'object' && endpoints !== null ? (endpoints as Record<string, string>) : {},
	};
};

/** `values.root_module` of `terraform show -json`, with its child modules. */
const addressesIn = (value: unknown): string[] => {
	const {values} = (value ?? {}) as {values?: {root_module?: StateModule}};
	return values?.root_module === undefined ? [] : addressesOf(values.root_module);
};

type StateModule = {resources?: {address?: string}[]; child_modules?: StateModule[]};

const addressesOf = ({resources = [], child_modules: children = []}: StateModule): string[] => [
	...resources.flatMap(({address}) => (address === undefined ? [] : [address])),
	...children.flatMap(addressesOf),
];

const cancelled = (): AppError =>
	new AppError('Stopped on request. Terraform has ended and its state is written.', {
		code: 'cancelled',
		exitCode: exitCodes.cancelled,
		next: ['Run `constellation apply` to go on, or `constellation terminate` to remove what was made.'],
	});

const changedPlan = (plan: Plan): AppError =>
	new AppError('The plan file is not the one that was shown. Nothing was changed.', {
		code: 'plan-changed',
		exitCode: exitCodes.infrastructure,
		next: ['Run the command again and look at the new plan.'],
		details: {file: plan.file},
	});
