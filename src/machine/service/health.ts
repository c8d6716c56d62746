import {Agent, request} from 'node:https';

/** How a machine answers: `unknown` until it was asked, and while nobody listens there yet. */
export type Health = 'ready' | 'not-ready' | 'unknown';

export type HealthChecks = {
	of(name: string): Health;
	close(): void;
};

const timeoutMs = 1500;
/** So many failures in a row make a machine that was ready not ready; an answer that says so counts at once. */
const failuresAllowed = 2;

/**
 * Asks the API server of every machine again and again whether it is ready (GET /readyz, as the health checks of cloud load balancers
 * do). Their certificates are not looked at: a load balancer passes bytes on, it trusts nobody and proves nothing.
 */
export const watchHealth = (targets: () => readonly {name: string; endpoint: string}[], intervalMs = 1000): HealthChecks => {
	const known = new Map<string, {health: Health; failures: number}>();
	const asking = new Set<string>();
	const agent = new Agent({keepAlive: true, rejectUnauthorized: false, maxCachedSessions: 0});

	const ask = async ({name, endpoint}: {name: string; endpoint: string}) => {
		if (asking.has(name)) return;
		asking.add(name);
		const answer = await readyz(agent, endpoint);
		asking.delete(name);
		const before = known.get(name) ?? {health: 'unknown', failures: 0};
		if (answer === 'silent') {
			const failures = before.failures + 1;
			known.set(name, {
				health: before.health === 'ready' && failures < failuresAllowed ? 'ready' : lost(before.health),
				failures,
			});
		} else known.set(name, {health: answer, failures: 0});
	};
	const round = () => {
		const current = targets();
		for (const name of known.keys()) if (!current.some(each => each.name === name)) known.delete(name);
		for (const target of current) void ask(target);
	};
	const timer = setInterval(round, intervalMs);
	timer.unref();
	return {
		of: name => known.get(name)?.health ?? 'unknown',
		close() {
			clearInterval(timer);
			agent.destroy();
		},
	};
};

/** A machine that never was ready is not there yet; one that was has gone. */
const lost = (before: Health): Health => (before === 'unknown' ? 'unknown' : 'not-ready');

const readyz = (agent: Agent, endpoint: string): Promise<Health | 'silent'> =>
	new Promise(resolve => {
		const call = request(`https://${endpoint}/readyz`, {agent, timeout: timeoutMs}, response => {
			response.resume();
			resolve(response.statusCode === 200 ? 'ready' : 'not-ready');
		});
		call.on('timeout', () => call.destroy());
		call.on('error', () => resolve('silent'));
		// Also when the connection just ends.
		call.on('close', () => resolve('silent'));
		call.end();
	});
