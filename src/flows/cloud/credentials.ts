import {existsSync} from 'node:fs';
import {homedir} from 'node:os';
import {AppError, exitCodes} from '../../errors.ts';
import type {Event} from '../../events.ts';
import type {Cloud} from '../../providers/clouds.ts';

/** Where the credentials for a cloud come from; undefined where there are none. */
export const credentialsFor = (cloud: Cloud, env: NodeJS.ProcessEnv): string | undefined =>
	cloud.credentials(env, env['HOME'] ?? homedir(), existsSync);

/** Says where the credentials come from. Throws AppError `cloud-credentials` where there are none. */
export function* requireCredentials(cloud: Cloud, env: NodeJS.ProcessEnv, now: () => number): Generator<Event, void> {
	const title = `${cloud.title} credentials`;
	const found = credentialsFor(cloud, env);
	const event = (state: 'ok' | 'failed', more: object): Event => ({
		type: 'check',
		id: 'credentials',
		title,
		state,
		at: now(),
		...more,
	});
	if (found !== undefined) {
		yield event('ok', {detail: `from ${found}`});
		return;
	}
	yield event('failed', {detail: 'none were found', fix: cloud.signIn});
	throw new AppError(`There are no credentials for ${cloud.title} here.`, {
		code: 'cloud-credentials',
		exitCode: exitCodes.preflight,
		next: [cloud.signIn],
		details: {provider: cloud.id},
	});
}
