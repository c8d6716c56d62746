import {cp, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {execa} from 'execa';
import {installProviders} from './terraform-provider/install.ts';
import type {ProviderName} from './terraform-provider/schema.ts';

/** A resource as `terraform show -json` tells it. */
export type ShownResource = {address: string; type: string; name: string; values: Record<string, unknown>};
export type ShownChange = {address: string; type: string; change: {actions: string[]}};

const root = join(import.meta.dirname, '..', '..', 'terraform');

/** One of our modules with simulated clouds and the real Terraform, in a folder of its own. */
export const moduleWorld = async (t: ExecutionContext, module: string, providers: readonly ProviderName[]) => {
	const folder = await mkdtemp(join(tmpdir(), 'module-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	const clouds = await installProviders(folder, providers);
	const cwd = join(folder, 'module');
	await cp(join(root, module), cwd, {recursive: true});
	const env = {TF_CLI_CONFIG_FILE: clouds.configFile, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1'};
	const terraform = async (...args: string[]) => {
		const {exitCode, stdout, stderr} = await execa('terraform', args, {cwd, env, reject: false, timeout: 240_000});
		return {exitCode, stdout, stderr};
	};
	const must = async (...args: string[]) => {
		const result = await terraform(...args);
		if (result.exitCode !== 0) throw new Error(`terraform ${args.join(' ')}: ${result.stderr}`);
		return result.stdout;
	};
	await must('init', '-no-color', '-input=false');
	const variables = (values: object) => writeFile(join(cwd, 'terraform.tfvars.json'), JSON.stringify(values));
	return {
		clouds,
		folder: cwd,
		terraform,
		/** Errors of a plan, without line breaks of the frame around them; empty where there are none. */
		async refused(values: object): Promise<string> {
			await variables(values);
			const {stderr} = await terraform('plan', '-no-color', '-input=false');
			return stderr.replaceAll(/[│╷╵\s]+/gu, ' ');
		},
		async plan(values: object): Promise<ShownChange[]> {
			await variables(values);
			await must('plan', '-no-color', '-input=false', '-out=plan.bin');
			const shown = JSON.parse(await must('show', '-json', 'plan.bin')) as {resource_changes?: ShownChange[]};
			return (shown.resource_changes ?? []).filter(({change}) => !['no-op', 'read'].includes(change.actions.join()));
		},
		apply: () => must('apply', '-no-color', '-input=false', 'plan.bin'),
		destroy: () => must('destroy', '-no-color', '-input=false', '-auto-approve'),
		async outputs(): Promise<Record<string, unknown>> {
			const outputs = JSON.parse(await must('output', '-json')) as Record<string, {value: unknown}>;
			return Object.fromEntries(Object.entries(outputs).map(([name, {value}]) => [name, value]));
		},
		async resources(): Promise<ShownResource[]> {
			const shown = JSON.parse(await must('show', '-json')) as {values?: {root_module?: {resources?: ShownResource[]}}};
			return shown.values?.root_module?.resources ?? [];
		},
		/** The whole state as text, to look for what must not be in it. */
		state: () => must('state', 'pull'),
	};
};
