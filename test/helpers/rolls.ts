import {chmodSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {isProcessRecord} from '../../src/process.ts';
import {controlSocket} from '../../src/providers/local/cluster-folder.ts';
import {type LocalNodeGroups, localNodeGroups} from '../../src/providers/local/node-groups.ts';
import {until} from './local-cluster.ts';
import type {Asserts} from './strict.ts';
import {type Finished, type Line, type Running, servicePid, type World} from './world.ts';

export const groupsOf = (world: World): LocalNodeGroups => localNodeGroups(controlSocket(world.dataHome, world.uid()));

export const imageFile = (world: World, image: string, name: string): string => join(world.dataHome, 'images', image, name);

/** Files of images are there to be read only. */
export function replaceFile(path: string, content: string | Uint8Array): void {
	chmodSync(path, 0o600);
	writeFileSync(path, content);
	chmodSync(path, 0o400);
}

/** Makes the image where there is none, and gives what `upgrade apply` is told to go to it unattended. */
export async function upgradeTo(t: Asserts, world: World, image: string): Promise<string[]> {
	const {code, result} = await world.run(`image make --version ${image} --json`);
	t.true(code === 0 || result['code'] === 'image-exists', JSON.stringify(result));
	const {target} = await world.expect(t, 0, `upgrade check --image ${image}`);
	const {measurements} = target as {measurements: string};
	return ['upgrade', 'apply', '--image', image, '--accept-measurements', measurements, '--yes', '--json'];
}

/** Waits for a line of a command; gives undefined when the command ended without it. */
export async function lineOf(run: Running, what: string, holds: (line: Line) => boolean): Promise<Line | undefined> {
	let ended = false;
	void run.finished.then(() => (ended = true));
	const found = await until(what, () => run.lines.find(line => holds(line)) ?? (ended ? 'ended' : undefined), 180_000);
	return found === 'ended' ? undefined : found;
}

/** Moments of a roll as its lines tell them, in their order. */
export const moments: Readonly<Record<string, (line: Line) => boolean>> = {
	'the backup begins': ({type, id}) => type === 'phase' && id === 'backup',
	'both policies are to be accepted': ({type, id}) => type === 'phase' && id === 'policies',
	'a control plane is made': isReplacement('control-plane', 'joining'),
	'a control plane is emptied': isReplacement('control-plane', 'draining', 'leaving', 'removed'),
	'a control plane leaves': isReplacement('control-plane', 'leaving', 'removed'),
	'a worker is made': isReplacement('worker', 'joining'),
	'a worker leaves': isReplacement('worker', 'draining', 'leaving', 'removed'),
	'the old policy is retired': ({type, id}) => type === 'phase' && id === 'retire',
	'the records are brought up to date': ({type, id}) => type === 'phase' && id === 'plan',
	'every node is challenged': ({type, id}) => type === 'phase' && id === 'verify',
};

function isReplacement(role: string, ...states: string[]): (line: Line) => boolean {
	return line => line['type'] === 'replacement' && line['role'] === role && states.includes(String(line['state']));
}

const controlPlanesOf = async (world: World): Promise<string[]> =>
	(await groupsOf(world).machines()).filter(({role}) => role === 'control-plane').map(({name}) => name);

/** Ends one of those who carry a roll with SIGKILL; gives whether there was something to end. */
export async function killActor(world: World, actor: Actor, run: Running): Promise<boolean> {
	if (actor === 'the tool') return run.child.kill('SIGKILL');
	if (actor === 'the machine service') {
		const record: unknown = JSON.parse(readFileSync(join(world.cluster(), 'service.json'), 'utf8'));
		return isProcessRecord(record) && kill(record.pid);
	}
	// One that just ended by itself is started again: it is this boundary that has to be hit.
	return until(
		`one of ${actor} to work`,
		async () => {
			const pids = (await controlPlanesOf(world)).map(name => servicePid(world, name, services[actor]));
			return pids.map(pid => pid !== undefined && kill(pid)).includes(true);
		},
		30_000,
	);
}

function kill(pid: number): boolean {
	try {
		return process.kill(pid, 'SIGKILL');
	} catch {
		return false; // It ended by itself between the look and now.
	}
}

const services = {'the operators': 'operator', 'the API servers': 'kube-apiserver', 'the JoinServices': 'join-service'} as const;
export type Actor = 'the tool' | 'the machine service' | keyof typeof services;
export const actors: readonly Actor[] = [
	'the tool',
	'the operators',
	'the API servers',
	'the JoinServices',
	'the machine service',
];

/**
 * Brings an upgrade to its end whatever happened to it: as a person would, who starts what is off and runs the command again. `run` may
 * still go on.
 */
export async function finishUpgrade(world: World, args: readonly string[], run: Running): Promise<Finished> {
	let finished = await run.finished;
	for (let again = 0; again < 5 && finished.code !== 0; again += 1) {
		if (finished.code === 7) await world.run('start --json');
		finished = await world.start(args).finished;
	}
	return finished;
}

/** What every upgrade has to leave behind: the image everywhere, nothing of the old one accepted, records that need no change. */
export async function expectUpgraded(
	t: Asserts,
	world: World,
	image: string,
	size: {controlPlanes: number; workers: number},
): Promise<void> {
	const machines = await groupsOf(world).machines();
	t.deepEqual([...new Set(machines.map(machine => `${machine.image} ${machine.state}`))], [`${image} running`]);
	const of = (role: string) => machines.filter(machine => machine.role === role).length;
	t.deepEqual({controlPlanes: of('control-plane'), workers: of('worker')}, size);
	const {nodes, state} = (await world.expect(t, 0, 'status')) as {nodes: {name: string; ready: boolean}[]; state: string};
	t.is(state, 'running');
	t.deepEqual(nodes.map(({name}) => name).sort(), machines.map(({name}) => name).sort());
	t.true(nodes.every(({ready}) => ready));
	t.deepEqual(acceptedImages(world), [image]);
	const {metadata} = objectOf(world, 'nodeversion constellation-version');
	t.deepEqual(
		Object.keys(metadata.annotations ?? {}).filter(name => /upgrade/.test(name)),
		[],
	);
	// What belonged to a Node goes after it, a little later where the server that was to see to it was killed.
	const left = () =>
		['pendingnodes', 'joiningnodes', 'nodemaintenances'].map(kind => world.kubectl(`get ${kind} -A -o name`).trim());
	await until('nothing of the roll to be left', () => left().every(each => each === ''), 60_000);
	// Terraform's records say what is there: applying them changes nothing.
	const {lines} = await world.run('apply --yes --json');
	const {detail} = lines.find(({type, id, state: told}) => type === 'phase' && id === 'plan' && told === 'done') ?? {};
	t.is(detail, 'nothing to change');
	t.deepEqual(
		(await groupsOf(world).machines()).map(({name}) => name),
		machines.map(({name}) => name),
	);
	for (const {address} of machines) await world.expect(t, 0, `verify --endpoint ${address}:30081`);
}

type ObjectOf = {metadata: {annotations?: Record<string, string>}; data?: Record<string, string>};

export const objectOf = (world: World, what: string): ObjectOf => JSON.parse(world.kubectl(`get ${what} -o json`)) as ObjectOf;

/** What the nodes should run. */
export const runningImage = (world: World): string =>
	world.kubectl('get nodeversion constellation-version -o jsonpath={.spec.imageVersion}');

/** The images whose machines get tickets now. */
export function acceptedImages(world: World): string[] {
	const {data} = objectOf(world, 'configmap join-config -n kube-system');
	const {policies} = JSON.parse(data?.['acceptedPolicies'] ?? '') as {policies: {measurements: string}[]};
	const signed = policies.map(({measurements}) => Buffer.from(measurements, 'base64').toString('utf8'));
	return signed.map(text => (JSON.parse(text) as {version: string}).version);
}
