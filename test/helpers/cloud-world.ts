import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {Event, Flow} from '../../src/events.ts';
import {type Workspace, workspaceAt} from '../../src/workspace/files.ts';
import {installProviders} from './terraform-provider/install.ts';
import type {ProviderName} from './terraform-provider/schema.ts';
import {folderOf} from './world.ts';

/** Credentials that look like some; nothing outside this machine is asked with them. */
export const credentials: Readonly<Record<string, string>> = {
	AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
	AWS_SECRET_ACCESS_KEY: 'canary-secret-key',
	AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
	AWS_EC2_METADATA_DISABLED: 'true',
	AWS_MAX_ATTEMPTS: '1',
	ARM_CLIENT_ID: '00000000-0000-4000-8000-000000000000',
	GOOGLE_OAUTH_ACCESS_TOKEN: 'canary-token',
	OS_AUTH_URL: 'https://127.0.0.1:9',
	STACKIT_SERVICE_ACCOUNT_TOKEN: 'canary-token',
};

/** A workspace, simulated clouds, and an environment in which Terraform finds nothing but them. */
export async function cloudWorld(t: ExecutionContext, providers: readonly ProviderName[]) {
	const home = await mkdtemp(join(tmpdir(), 'cloud-'));
	t.teardown(() => rm(home, {recursive: true, force: true}));
	const simulated = await installProviders(home, providers);
	const folder = join(home, 'w');
	await mkdir(folder);
	const workspace: Workspace = workspaceAt(folder);
	const env: NodeJS.ProcessEnv = {
		PATH: process.env['PATH'],
		HOME: home,
		XDG_DATA_HOME: join(home, 'd'),
		LANG: 'C.UTF-8',
		TF_CLI_CONFIG_FILE: simulated.configFile,
		...credentials,
	};
	return {
		home,
		folder,
		workspace,
		env,
		simulated,
		place: {folder, env},
		writeConfig: (text: string) => writeFile(workspace.path('config'), text),
	};
}

/** Runs a flow to its end. */
export async function finish<R>(flow: Flow<R>): Promise<{value: R; events: Event[]}> {
	const events: Event[] = [];
	for (;;) {
		const {value, done} = await flow.next();
		if (done === true) return {value, events};
		events.push(value);
	}
}

export const never = new AbortController().signal;

/** Registers a serial test that needs Terraform, but not the built tool. Where it is missing the test says so; with REQUIRE_E2E=1 it fails. */
export function withTerraform(title: string, body: (t: ExecutionContext) => Promise<void>): void {
	test.serial(title, async t => {
		if (folderOf('terraform') !== undefined) return body(t);
		t.log('SKIPPED: no terraform');
		t.not(process.env['REQUIRE_E2E'], '1');
		return undefined;
	});
}
