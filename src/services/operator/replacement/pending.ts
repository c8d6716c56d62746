import {type UpgradeFailure, upgradeAnnotations} from '../../../kubernetes/upgrade-annotations.ts';
import type {Machine, MachineState} from '../../../providers/node-groups.ts';
import {attestationOf, isCurrent, nodeNamed} from './classify.ts';
import {lacks} from './qualify.ts';
import type {Action, CspState, Observation, SeenNode, SeenPending} from './types.ts';

const states: Readonly<Record<MachineState, CspState>> = {
	creating: 'Creating',
	running: 'Ready',
	stopped: 'Stopped',
	failed: 'Failed',
	terminating: 'Terminating',
	terminated: 'Terminated',
};

export const cspStateOf = (machine: Machine | undefined): CspState =>
	machine === undefined ? 'Terminated' : states[machine.state];

/** What follows from the machines that are to join or to leave. */
export const pendingActions = (seen: Observation): Action[] =>
	seen.pending.flatMap(pending => {
		const machine = seen.machines.find(({name}) => name === pending.name);
		const node = nodeNamed(seen, pending.name);
		const state = cspStateOf(machine);
		const reachedGoal =
			pending.goal === 'Leave' ? state === 'Terminated' && node === undefined : node !== undefined && state === 'Ready';
		const report: Action[] =
			pending.state === state && pending.reachedGoal === reachedGoal
				? []
				: [{do: 'report-pending', name: pending.name, state, reachedGoal}];
		return [...report, ...(pending.goal === 'Leave' ? leave(seen, pending, machine, node) : join(seen, pending, machine, node))];
	});

/** The record goes first, so that its key opens no door again; a kubelet that registers once more meanwhile is deleted again. */
const leave = (seen: Observation, {name}: SeenPending, machine: Machine | undefined, node: SeenNode | undefined): Action[] => {
	const actions: Action[] = [];
	if (attestationOf(seen, name) !== undefined) actions.push({do: 'retire-machine', name});
	if (node !== undefined) actions.push({do: 'delete-node', name});
	if (machine !== undefined && machine.state !== 'terminating' && machine.state !== 'terminated') {
		if (machine.role === 'control-plane' && machine.draining !== true)
			actions.push({do: 'set-draining', machine: name, draining: true});
		actions.push({do: 'delete-machine', name});
	}
	const isGone = machine === undefined || machine.state === 'terminated';
	return actions.length === 0 && isGone ? [{do: 'delete-pending', name}] : actions;
};

const join = (seen: Observation, pending: SeenPending, machine: Machine | undefined, node: SeenNode | undefined): Action[] => {
	const {name, group} = pending;
	const donor = nodeNamed(seen, pending.donor);
	if (donor !== undefined && isCurrent(seen, donor)) {
		// The direction changed: the old node stays. A new one that is in already goes in order.
		const annotations = {[upgradeAnnotations.obsolete]: 'true', [upgradeAnnotations.donor]: null};
		return node === undefined
			? [{do: 'begin-leave', name, group}]
			: [
					{do: 'annotate-node', node: name, annotations},
					{do: 'delete-pending', name},
				];
	}
	if (machine !== undefined && machine.image !== seen.wanted.image) return [{do: 'begin-leave', name, group}];
	const failure = failureOf(seen, pending, machine, node);
	if (failure !== undefined) {
		const record: Action[] = seen.wanted.failure === undefined ? [{do: 'record-failure', failure}] : [];
		return [...record, {do: 'begin-leave', name, group}];
	}
	if (node === undefined || pending.donor === undefined) return node === undefined ? [] : done(seen, pending, node);
	const pair: Action[] = [];
	if (donor !== undefined && donor.heir !== name)
		pair.push({do: 'annotate-node', node: donor.name, annotations: {[upgradeAnnotations.heir]: name}});
	if (node.donor !== pending.donor)
		pair.push({do: 'annotate-node', node: name, annotations: {[upgradeAnnotations.donor]: pending.donor}});
	return pair.length > 0 ? pair : done(seen, pending, node);
};

const done = (seen: Observation, {name}: SeenPending, node: SeenNode): Action[] =>
	lacks(seen, node) === undefined ? [{do: 'delete-pending', name}] : [];

const failureOf = (
	seen: Observation,
	{name, donor, createdAt, deadline}: SeenPending,
	machine: Machine | undefined,
	node: SeenNode | undefined,
): UpgradeFailure | undefined => {
	const {now} = seen;
	const about = {node: name, ...(donor !== undefined && {donor}), at: now};
	if (machine === undefined) return {...about, step: 'create', message: `The machine ${name} is gone.`};
	if (machine.state === 'failed' || machine.state === 'stopped') {
		const why = machine.detail ?? 'no reason given';
		return {
			...about,
			step: 'create',
			message: `The machine ${name} does not run: ${why}.`,
			expected: 'running',
			actual: machine.state,
		};
	}
	// Objects' times have whole seconds.
	const refusal = seen.refusals.find(each => each.node === name && each.last >= createdAt);
	if (refusal !== undefined && attestationOf(seen, name) === undefined) {
		const {message, expected, actual} = refusal;
		return {...about, step: 'attest', message, ...(expected && {expected}), ...(actual && {actual})};
	}
	if (deadline === undefined || now <= deadline) return undefined;
	const missing = node === undefined ? `${name} to join` : (lacks(seen, node) ?? `${name} to be told from others`);
	return {...about, step: 'ready', message: `Waited in vain for ${missing}.`};
};
