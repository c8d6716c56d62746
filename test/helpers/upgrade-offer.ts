import type {Event} from '../../src/events.ts';
import {flightPlan} from '../../src/upgrade/flight-plan.ts';
import type {Concern} from '../../src/upgrade/measurement-diff.ts';
import {localKind, type ObservedBudget, type ObservedPod} from '../../src/upgrade/observed.ts';
import type {Counterexample} from '../../src/upgrade/strand/check.ts';
import type {UpgradeAsked, UpgradeConsents, UpgradeDeps, UpgradeOffer, UpgradeProposal} from '../../src/wizard/upgrade/deps.ts';
import type {VouchedView} from '../../src/wizard/vouched-view.ts';
import {componentsOf, observedCluster} from './upgrade-world.ts';
import {recording} from './wizard-world.ts';

const hex = (text: string) => text.padEnd(64, '0123456789abcdef');
export const digestOf = (image: string): string => `sha256:${hex(`5e${image.replaceAll(/\D/gu, '')}`)}`;

const pod = (name: string, node: string, replicas: number, localData: boolean): ObservedPod => ({
	namespace: 'web',
	name,
	node,
	owner: {kind: replicas === 1 ? 'StatefulSet' : 'ReplicaSet', name: name.replace(/-\w$/u, '')},
	replicas,
	localData,
});
const pods = [pod('front-a', 'worker-0', 2, false), pod('front-b', 'worker-1', 2, false), pod('store-0', 'worker-0', 1, true)];

export type OfferChanges = {
	concerns?: readonly Concern[];
	budgets?: readonly ObservedBudget[];
	counterexample?: Counterexample;
	vouched?: VouchedView;
};

/** What a check of a cluster of 1 + 2 nodes finds: v0.2.0 and v0.1.1 are possible, two others are not. */
export function offerFor(
	{image = 'v0.2.0', kubernetes = 'v1.31.13'}: UpgradeAsked = {},
	changes: OfferChanges = {},
): UpgradeOffer {
	const images = [
		{
			version: 'v0.3.0',
			possible: false,
			rule: 'minor-drift' as const,
			reason: 'v0.3.0 is more than one minor version ahead of v0.1.0: one minor version at a time',
		},
		{version: 'v0.2.1', possible: false, rule: 'image-unusable' as const, reason: 'its signature does not hold'},
		{version: 'v0.2.0', possible: true},
		{version: 'v0.1.1', possible: true},
	];
	const parts = {
		image: {running: 'v0.1.0', versions: images, included: false},
		services: {running: 'v0.1.0', versions: images, included: true},
		kubernetes: {running: 'v1.31.13', versions: [{version: 'v1.32.9', possible: true}], included: true},
	};
	if (image === 'v0.1.0' && kubernetes === 'v1.31.13') return {name: 'demo', parts, busy: false};
	return {name: 'demo', parts, busy: false, proposal: proposalOf(image, kubernetes, changes)};
}

function proposalOf(
	image: string,
	kubernetes: string,
	{concerns = [], budgets = [], counterexample, vouched}: OfferChanges,
): UpgradeProposal {
	const target = {image, measurements: digestOf(image), services: image, kubernetes, components: componentsOf(kubernetes)};
	const own = 'release key sha256:77d2a41be9905c8d…';
	const origin =
		vouched === undefined
			? {source: `image ${image}, its signed file`, signer: own}
			: {
					source: `${vouched.source}, the same as in image ${image} on this machine`,
					signer: `${vouched.signer.name}; the image by the ${own}`,
				};
	const same = (what: string, value: string) => ({
		...{what, old: hex(value), new: hex(value), enforcedBefore: true, enforcedAfter: true, change: 'same' as const},
		...origin,
	});
	const rows = [
		same('4', '91c2'),
		{...same('9', '3f0c'), new: hex('8f41'), change: 'changed' as const},
		same('11', '77d2'),
		same('12', 'a0b1'),
		same('15', '0'.repeat(64)),
	];
	return {
		target,
		measurements: {rows, concerns},
		plan: flightPlan(observedCluster(1, 2, {pods, budgets, durations: [4200, 6100]}), target, localKind),
		strand: {moments: 14, cases: 236, ...(counterexample === undefined ? {} : {counterexample})},
		...(vouched === undefined ? {} : {vouched}),
	};
}

export type UpgradeWorld = UpgradeDeps & {asked: UpgradeAsked[]; begun: {proposal: UpgradeProposal; consents: UpgradeConsents}[]};

/** A cluster in memory: what it offers, and a recorded roll as its work. */
export function upgradeWorld(
	{
		offer = asked => offerFor(asked),
		work = 'upgrade',
		...changes
	}: Partial<UpgradeDeps> & {
		offer?: (asked: UpgradeAsked) => UpgradeOffer;
		work?: string;
	} = {},
	pause: (event?: Event) => Promise<void> = async () => Promise.resolve(),
): UpgradeWorld {
	const asked: UpgradeAsked[] = [];
	const begun: UpgradeWorld['begun'] = [];
	return {
		asked,
		begun,
		now: Date.now,
		check: async (what, signal) => {
			asked.push(what);
			await pause();
			signal.throwIfAborted();
			return offer(what);
		},
		async *begin(proposal, consents, signal) {
			begun.push({proposal, consents});
			for (const event of recording(work)) {
				yield {...event, at: Date.now()};
				await pause(event);
				signal.throwIfAborted();
			}
			const lines = [
				`3 nodes run ${proposal.target.image}; 3 of them answered a fresh challenge.`,
				'Only that image is accepted now.',
			];
			return {data: {state: 'done'}, lines};
		},
		pause: async () => Promise.resolve(),
		crashReport: () => '/tmp/report.txt',
		...changes,
	};
}
