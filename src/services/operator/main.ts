import {kubeClient} from '../../kubernetes/client.ts';
import {resources} from '../../kubernetes/resources.ts';
import {Secret} from '../../secret.ts';
import {metadataNodeGroups} from '../node-groups.ts';
import type {Stop} from '../supervisor/protocol.ts';
import {signCertificates} from './certificates.ts';
import {cleanNodes, cleanTokens} from './garbage.ts';
import {reconcileJoiningNodes} from './joining-nodes.ts';
import {leaderElection, releaseLead} from './leader.ts';
import {nodeLifecycle} from './lifecycle.ts';
import {replacementLease, runReplacement} from './replacement/main.ts';
import {watchChanges} from './watch-changes.ts';
import {runWorkloads, workloadsLease} from './workloads/main.ts';

export type OperatorSettings = {
	/** Name of the node, which is the identity in the election. */
	name: string;
	/** PEM; keys are base64 of PEM bytes. */
	kube: {server: string; ca: string; cert: string; key: string};
	ca: {cert: string; key: string};
	/** Path of the machine's metadata socket; without it there are no node groups, and no node is replaced. */
	metadata?: string;
};

const roundMs = 5000;
/** `undefined` is the Lease of the controllers in here. */
const leaseNames = [undefined, workloadsLease, replacementLease];
/** The API server may be away already: then the lead is taken when it runs out. */
const leftToRunOut = () => undefined;

/** The controllers of the cluster; on every control plane, at work on the one that holds the Lease. */
export const main = ({name, kube: {server, ca, cert, key}, ca: authority, metadata}: OperatorSettings): Promise<Stop> => {
	const kube = kubeClient({server, ca, cert, key: new Secret(Buffer.from(key, 'base64'))});
	const signer = {certificate: authority.cert, key: new Secret(Buffer.from(authority.key, 'base64'))};
	const leads = leaderElection(name);
	const lifecycle = nodeLifecycle();
	const stopping = new AbortController();
	let wake: () => void = () => undefined;
	let woken = false;
	const changed = () => {
		woken = true;
		wake();
	};

	const round = async () => {
		if (!(await leads(kube))) return;
		const {items: nodes} = await kube.list(resources.nodes);
		await reconcileJoiningNodes(kube, nodes);
		await signCertificates(kube, signer, nodes);
		await lifecycle(kube, nodes);
		await cleanTokens(kube);
		await cleanNodes(kube);
	};
	const rest = () =>
		new Promise<void>(resolve => {
			const timer = setTimeout(resolve, roundMs);
			wake = () => {
				clearTimeout(timer);
				resolve();
			};
			if (woken || stopping.signal.aborted) wake();
		});
	const loop = async () => {
		while (!stopping.signal.aborted) {
			woken = false;
			try {
				await round();
			} catch (error) {
				console.error(error instanceof Error ? error.message : error);
			}
			await rest();
		}
	};

	const watches = [resources.nodes, resources.joiningNodes, resources.certificateSigningRequests].map(resource =>
		watchChanges(kube, resource, changed, stopping.signal),
	);
	const log = (line: string) => console.log(line);
	const stopWorkloads = runWorkloads({kube, identity: name, log});
	const groups = metadata === undefined ? undefined : metadataNodeGroups(metadata);
	const stopReplacement = groups && runReplacement({kube, groups, identity: name, log});
	const working = loop();
	console.log(`operator of ${name} started`);
	return Promise.resolve(async () => {
		stopping.abort();
		changed();
		await Promise.all([working, stopWorkloads(), stopReplacement?.(), ...watches]);
		await Promise.all(leaseNames.map(lease => releaseLead(kube, name, lease).catch(leftToRunOut)));
	});
};
