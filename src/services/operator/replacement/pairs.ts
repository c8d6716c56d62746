import {upgradeAnnotations} from '../../../kubernetes/upgrade-annotations.ts';
import {isCurrent, nodeNamed, pendingOf, quorumWithout} from './classify.ts';
import {lacks, missingLabels} from './qualify.ts';
import type {Action, Observation, SeenNode} from './types.ts';

export type Steps = {actions: Action[]; waiting: string[]};

const does = (...actions: Action[]): Steps => ({actions, waiting: []});
const waits = (sentence: string): Steps => ({actions: [], waiting: [sentence]});
const annotate = (node: string, annotations: Record<string, string | null>): Action => ({do: 'annotate-node', node, annotations});

/** The next step of every replacement whose new node is in, and of nodes that are not needed. */
export const pairSteps = (seen: Observation): Steps => {
	const steps = [
		...seen.nodes
			.filter(({name, donor}) => donor !== undefined && pendingOf(seen, name) === undefined)
			.map(heir => heirStep(seen, heir)),
		...seen.nodes
			.filter(({name, obsolete}) => obsolete && pendingOf(seen, name) === undefined)
			.map(node => goes(seen, node, undefined)),
		...seen.nodes.map(node => dangling(seen, node)),
	];
	return {actions: steps.flatMap(({actions}) => actions), waiting: steps.flatMap(({waiting}) => waiting)};
};

const heirStep = (seen: Observation, heir: SeenNode): Steps => {
	const name = heir.donor ?? '';
	const leaving = pendingOf(seen, name)?.goal === 'Leave';
	const donor = nodeNamed(seen, name);
	if (leaving) return waits(`the machine ${name} to be gone`);
	if (donor === undefined) {
		const machine = seen.machines.find(each => each.name === name);
		if (machine === undefined) return does(annotate(heir.name, {[upgradeAnnotations.donor]: null}));
		// Its Node was deleted by somebody else; a machine that lives registers it again.
		if (machine.state === 'running' || lacks(seen, heir) !== undefined) return waits(`the Node of ${name}`);
		return does({do: 'begin-leave', name, group: machine.group});
	}
	if (isCurrent(seen, donor) || !isCurrent(seen, heir)) return dissolve(seen, donor, heir);
	const missing = lacks(seen, heir);
	if (missing !== undefined) return waits(missing);
	const copied = missingLabels(donor, heir);
	if (copied !== undefined && maintenanceOf(seen, donor) === undefined)
		return does({do: 'copy-labels', node: heir.name, ...copied});
	return goes(seen, donor, heir);
};

/** What was wanted changed in the middle: the old node stays, the new one goes without a replacement. */
const dissolve = (seen: Observation, donor: SeenNode, heir: SeenNode): Steps => {
	const machine = seen.machines.find(({name}) => name === donor.name);
	const isDraining = donor.unschedulable || maintenanceOf(seen, donor) !== undefined;
	return does(
		...(machine?.draining === true ? [{do: 'set-draining', machine: donor.name, draining: false} as const] : []),
		...(isDraining ? [{do: 'end-drain', node: donor.name, uncordon: true} as const] : []),
		annotate(heir.name, {[upgradeAnnotations.donor]: null, [upgradeAnnotations.obsolete]: 'true'}),
		annotate(donor.name, {[upgradeAnnotations.heir]: null}),
	);
};

/** Emptied, out of the load balancer, then away: each only after the one before. */
const goes = (seen: Observation, node: SeenNode, heir: SeenNode | undefined): Steps => {
	const {wanted} = seen;
	const {name} = node;
	if (wanted.failure?.step === 'drain' && wanted.failure.node === name) return waits(`somebody to look at ${name}`);
	if (node.role === 'control-plane') {
		const {ready, needed} = quorumWithout(seen, name);
		if (ready < needed) return waits(`${needed} control planes to be Ready besides ${name}, ${ready} are`);
	}
	const maintenance = maintenanceOf(seen, node);
	if (maintenance?.phase === 'Failed') {
		const about = heir === undefined ? {} : {donor: name};
		const failure = {
			node: name,
			...about,
			step: 'drain',
			message: `${name} was not emptied: ${maintenance.lastError}`,
			at: seen.now,
		} as const;
		const record: Action[] = wanted.failure === undefined ? [{do: 'record-failure', failure}] : [];
		return does(...record, {do: 'end-drain', node: name, uncordon: false});
	}
	if (maintenance?.phase !== 'Succeeded') {
		const blocked = maintenance?.lastError ?? '';
		return {
			actions: [{do: 'drain', node: name}],
			waiting: [blocked === '' ? `the pods of ${name} to move` : `${name}: ${blocked}`],
		};
	}
	const machine = seen.machines.find(each => each.name === name);
	if (node.role === 'control-plane' && machine?.state === 'running' && machine.draining !== true)
		return does({do: 'set-draining', machine: name, draining: true});
	return does({do: 'begin-leave', name, group: node.group ?? machine?.group ?? ''});
};

/** Only the one of this very Node: a left-over of an earlier node of the same name says nothing about its pods. */
const maintenanceOf = ({maintenances}: Observation, {name, uid}: SeenNode) =>
	maintenances.find(each => each.node === name && each.uid === uid);

/** A node that waits for a replacement which is not there any more. */
const dangling = (seen: Observation, node: SeenNode): Steps => {
	if (node.heir === undefined) return does();
	const heir = nodeNamed(seen, node.heir);
	const isComing = pendingOf(seen, node.heir)?.goal === 'Join';
	if (isComing || (heir?.donor === node.name && pendingOf(seen, node.heir) === undefined)) return does();
	return does(annotate(node.name, {[upgradeAnnotations.heir]: null}));
};
