import {adminKube} from '../../../src/flows/cluster.ts';
import type {UpgradeDependencies} from '../../../src/flows/upgrade/dependencies.ts';
import {openUpgrade} from '../../../src/flows/upgrade/dependencies.ts';
import {observe} from '../../../src/flows/upgrade/observe.ts';
import {pinnedLocal} from '../../../src/flows/upgrade/pinned.ts';
import {acceptedPolicyOf, awaitReplicas, changePolicies} from '../../../src/flows/upgrade/policies.ts';
import {localKind} from '../../../src/upgrade/observed.ts';
import {checkStrand} from '../../../src/upgrade/strand/check.ts';
import {type ModelState, modelOf} from '../../../src/upgrade/strand/model.ts';
import {until} from '../local-cluster.ts';
import {expectUpgraded, groupsOf, runningImage, upgradeTo} from '../rolls.ts';
import {strict as t} from '../strict.ts';
import {seeded} from '../upgrade-world.ts';
import type {World} from '../world.ts';
import {type SoakCase, sizeOf} from './case.ts';
import {addMachine, patienceMs, restart} from './nodes.ts';

const rounds = 8;
const size = '1+1';
const prefix = 'constellation.edgeless.systems';

/** Policies and templates as no upgrade would set them: the model has to foresee which nodes come in and which are refused. */
export const modelCases = (seed: number): SoakCase[] => [
	{
		name: `the model foresees what becomes of nodes (seed ${seed})`,
		size,
		run: async (world, image, serial) => {
			const old = runningImage(world);
			await upgradeTo(t, world, image);
			const deps = await openUpgrade({folder: world.workspace, env: world.env});
			world.kubectl(`annotate --overwrite nodeversion constellation-version ${prefix}/upgrade-paused=true`);
			const random = seeded(seed);
			const oneOf = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(random() * values.length)] ?? values[0];
			let refused = 0;
			for (let round = 0; round < rounds; round += 1) {
				const accepted = oneOf<[string, ...string[]]>([[old], [image], [image, old]]);
				const template = oneOf([old, image]);
				const what = oneOf(['restarted', 'made']);
				await accept(deps, accepted);
				await setTemplate(world, template);
				const model = await modelNow(deps, [old, image]);
				const foreseen = what === 'made' ? entersNew(model) : entersAgain(model);
				const {name, arrival} =
					what === 'made'
						? await addMachine(world, 'worker', `model-${serial}-${round}`)
						: {name: 'worker-0', arrival: await restart(world, await onlyWorker(world))};
				const said = `round ${round}: ${accepted.join(' and ')} accepted, ${name} of ${template} ${what}`;
				t.is(arrival?.in, foreseen, `${said}: ${arrival?.because ?? 'gone'}`);
				if (!foreseen) refused += 1;
				// Whoever was refused only waits: with both images accepted it comes in by itself.
				await accept(deps, [image, old]);
				const names = (await groupsOf(world).machines()).map(machine => machine.name);
				await until(`${said}: all to be Ready afterwards`, () => areReady(world, names), patienceMs);
				if (what === 'made') await remove(world, name);
			}
			await setTemplate(world, old);
			await accept(deps, [old]);
			world.kubectl(`annotate nodeversion constellation-version ${prefix}/upgrade-paused-`);
			await expectUpgraded(t, world, old, sizeOf(size));
			return `${rounds} rounds, ${refused} refused as foreseen`;
		},
	},
];

async function modelNow(deps: UpgradeDependencies, trusted: readonly string[]): Promise<ModelState> {
	const {observed} = await observe(deps);
	// What an administrator may recover is another question than who comes in by itself.
	return {...modelOf(observed, localKind, trusted), recoverable: trusted, rollback: undefined, autoscaling: false};
}

const ofWorkers = ({role}: {role: string}): boolean => role === 'worker';

const entersNew = (state: ModelState): boolean =>
	checkStrand({...state, nodes: state.nodes.filter(node => !ofWorkers(node)), groups: state.groups.filter(ofWorkers)}, [])
		.counterexample === undefined;

const entersAgain = (state: ModelState): boolean => checkStrand({...state, groups: []}, []).counterexample === undefined;

async function accept(deps: UpgradeDependencies, images: readonly [string, ...string[]]): Promise<void> {
	const {kube} = await adminKube(deps);
	const {policy} = await pinnedLocal(deps);
	const policyOf = async (version: string) => {
		const image = await deps.intactImage(version);
		return acceptedPolicyOf(image, deps.policyOf(image, policy.makerKey));
	};
	const [newest, ...others] = images;
	const policies = [await policyOf(newest), ...(await Promise.all(others.map(policyOf)))] as const;
	const set = await changePolicies(deps, kube, ({generation}, highest) => ({
		generation: Math.max(generation, highest) + 1,
		policies,
	}));
	const waiting = awaitReplicas(deps, set, new AbortController().signal);
	while ((await waiting.next()).done !== true);
}

async function setTemplate(world: World, image: string): Promise<void> {
	const groups = groupsOf(world);
	const group = (await groups.list()).find(ofWorkers);
	await groups.setImage(group?.name ?? '', image);
}

const onlyWorker = async (world: World): Promise<string> => (await groupsOf(world).machines()).find(ofWorkers)?.name ?? '';

function areReady(world: World, names: readonly string[]): boolean {
	const lines = world.kubectl('get nodes --no-headers').split('\n');
	return names.every(name => lines.some(line => line.startsWith(`${name} `) && line.includes(' Ready ')));
}

async function remove(world: World, name: string): Promise<void> {
	await groupsOf(world).deleteNode(name);
	world.kubectl(`delete node ${name} --ignore-not-found`);
	await until(
		`${name} to be gone`,
		async () => !(await groupsOf(world).machines()).some(machine => machine.name === name),
		60_000,
	);
}
