import {until} from '../local-cluster.ts';
import {groupsOf} from '../rolls.ts';
import {strict} from '../strict.ts';
import type {World} from '../world.ts';

type NodeObject = {
	metadata: {name: string};
	status?: {nodeInfo?: {bootID?: string}; conditions?: {type: string; status: string}[]};
};

/** What became of a machine that was switched on: it is a Ready node since then, or was refused. */
export type Arrival = {in: boolean; because: string};

export const patienceMs = 120_000;

/** Switches a machine off and on again; resolves with what became of it, or undefined where its roll removed it meanwhile. */
export async function restart(world: World, name: string): Promise<Arrival | undefined> {
	const before = bootOf(world, name);
	const since = Date.now();
	try {
		await groupsOf(world).stopMachine(name);
		await groupsOf(world).startMachine(name);
	} catch (error) {
		if (await isGone(world, name)) return undefined;
		throw error;
	}
	return arrivalOf(world, name, since, before);
}

/** Makes one more machine of a group, as an autoscaler does. */
export async function addMachine(
	world: World,
	role: string,
	token: string,
): Promise<{name: string; arrival: Arrival | undefined}> {
	const groups = groupsOf(world);
	const group = (await groups.list()).find(each => each.role === role);
	const since = Date.now();
	const name = await groups.createNode(group?.name ?? '', token);
	return {name, arrival: await arrivalOf(world, name, since, undefined)};
}

/** Fails unless it is in, or its roll removed it. */
export function expectIn(what: string, arrival: Arrival | undefined): void {
	strict.true(arrival?.in ?? true, `${what}: ${arrival?.because ?? ''}`);
}

async function arrivalOf(world: World, name: string, since: number, before: string | undefined): Promise<Arrival | undefined> {
	const found = await until(
		`${name} to be in, or to be refused`,
		async () => {
			if (await isGone(world, name)) return 'gone' as const;
			const boot = bootOf(world, name);
			if (boot !== undefined && boot !== before) return {in: true, because: ''};
			const because = refusalOf(world, name, since);
			return because === undefined ? undefined : {in: false, because};
		},
		patienceMs,
	);
	return found === 'gone' ? undefined : found;
}

const isGone = async (world: World, name: string): Promise<boolean> =>
	!(await groupsOf(world).machines()).some(machine => machine.name === name && machine.state !== 'terminating');

/** Which boot of the machine the cluster knows as Ready; undefined while there is none, or nobody answers. */
function bootOf(world: World, name: string): string | undefined {
	const {items} = (ask(world, 'get nodes -o json') ?? {items: []}) as {items: NodeObject[]};
	const {status} = items.find(({metadata}) => metadata.name === name) ?? {};
	const isReady = (status?.conditions ?? []).some(({type, status: value}) => type === 'Ready' && value === 'True');
	return isReady ? status?.nodeInfo?.bootID : undefined;
}

function refusalOf(world: World, name: string, since: number): string | undefined {
	type Event = {metadata: {annotations?: Record<string, string>}; reason?: string};
	const {items} = (ask(world, 'get events -n kube-system -o json') ?? {items: []}) as {items: Event[]};
	for (const {metadata, reason} of items) {
		if (reason !== 'JoinRefused') continue;
		const record = JSON.parse(metadata.annotations?.['constellation.edgeless.systems/join-refusal'] ?? '{}') as Refused;
		if (record.node === name && record.last >= since) return record.message;
	}
	return undefined;
}

type Refused = {node: string; last: number; message: string};

/** An answer of kubectl; undefined while the cluster gives none. */
function ask(world: World, args: string): unknown {
	try {
		return JSON.parse(world.kubectl(`${args} --request-timeout=5s`));
	} catch {
		return undefined; // The control plane that was asked is restarting: the next look asks again.
	}
}
