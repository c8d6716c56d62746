import {setTimeout as delay} from 'node:timers/promises';
import {AppError} from '../errors.ts';
import {type Fetch, proxiedFetch} from '../proxy.ts';
import type {CloudClients} from '../trust/collateral/fetch.ts';

/** A check must not hang on a cloud that is silent. */
const timeoutMs = 30_000;

/**
 * Whom Google and AWS tell facts about machines: whoever the environment has credentials for. The libraries of a cloud are loaded when
 * it is asked. Nothing signs these answers, so they are not kept: only the connection vouches for them.
 */
export const cloudClients = (connect: Connect = realConnections(process.env)): CloudClients => ({
	shieldedKey: ({project, zone, instance}) =>
		withNextStep(async signal => (await connect.google(project, signal)).shieldedKey({zone, instance})),
	machineImage: ({region, image}) => withNextStep(async signal => (await connect.aws(region)).machineImage(image, signal)),
});

/** How the clouds are reached; tests have their own. */
export type Connect = {
	google: (project: string, signal: AbortSignal) => Promise<{shieldedKey: (machine: Machine) => Promise<Uint8Array>}>;
	aws: (region: string) => Promise<{machineImage: (image: string, signal: AbortSignal) => Promise<{tpmSupport: string}>}>;
};

type Machine = {zone: string; instance: string};

const realConnections = (env: NodeJS.ProcessEnv): Connect => ({
	async google(project, deadline) {
		const {connectGoogle} = await import('../providers/gcp/connect.ts');
		const proxied = proxiedFetch(env);
		const untilDeadline: Fetch = (url, options) =>
			proxied(url, {...options, signal: options.signal ? AbortSignal.any([options.signal, deadline]) : deadline});
		// After the deadline every attempt fails at once, so nothing is to be waited for.
		const wait = async (milliseconds: number) => (deadline.aborted ? undefined : delay(milliseconds));
		return connectGoogle(project, {env, fetch: untilDeadline, now: Date.now, wait});
	},
	async aws(region) {
		const {connectAws} = await import('../providers/aws/connect.ts');
		return connectAws(region, {env, fetch: proxiedFetch(env), now: Date.now, wait: ms => delay(ms)});
	},
});

/** What went wrong ends up as one sentence beside the check that it was for; how to sign in belongs to it. */
async function withNextStep<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
	try {
		return await ask(AbortSignal.timeout(timeoutMs));
	} catch (error) {
		if (!(error instanceof AppError) || error.code !== 'cloud-credentials') throw error;
		const {code, exitCode, next} = error;
		throw new AppError([`${error.message.replace(/\.$/, '')}.`, ...next].join(' '), {code, exitCode, next});
	}
}
