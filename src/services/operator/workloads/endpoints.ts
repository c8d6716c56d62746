import {inNamespace, resources} from '../../../kubernetes/resources.ts';
import {matchesSelector} from '../../../kubernetes/selectors.ts';
import {isReady, ownedBy} from './pods.ts';
import {canonical} from './template.ts';
import type {Decision, Pod, Service, World} from './types.ts';

/** Lists the pods of a Service as its Endpoints. The addresses of simulated pods lead nowhere; which pods are ready is true. */
export const reconcileEndpoints = ({pods, endpoints}: World, service: Service): Decision => {
	const {name, namespace = 'default', deletionTimestamp} = service.metadata;
	const {selector, type} = service.spec;
	if (deletionTimestamp !== undefined || type === 'ExternalName' || !selector || Object.keys(selector).length === 0)
		return {actions: []};
	const chosen = pods
		.filter(
			({metadata, status}) =>
				metadata.namespace === namespace &&
				metadata.deletionTimestamp === undefined &&
				status?.podIP !== undefined &&
				matchesSelector({matchLabels: selector}, metadata.labels),
		)
		.sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
	const subsets = [...Map.groupBy(chosen, pod => JSON.stringify(portsOf(service, pod)))].map(([ports, group]) => {
		const ready = group.filter(isReady).map(addressOf);
		const notReady = group.filter(pod => !isReady(pod)).map(addressOf);
		return {
			...(ready.length > 0 && {addresses: ready}),
			...(notReady.length > 0 && {notReadyAddresses: notReady}),
			ports: JSON.parse(ports) as unknown[],
		};
	});
	const found = endpoints.find(({metadata}) => metadata.name === name && metadata.namespace === namespace);
	if (found && canonical(found.subsets ?? []) === canonical(subsets)) return {actions: []};
	const resource = inNamespace(resources.endpoints, namespace);
	if (found) return {actions: [{kind: 'replace', resource, object: {...found, subsets}}]};
	const metadata = {name, namespace, ownerReferences: [ownedBy(service)]};
	return {actions: [{kind: 'create', resource, object: {apiVersion: 'v1', kind: 'Endpoints', metadata, subsets}}]};
};

const addressOf = ({metadata, spec, status}: Pod) => ({
	ip: status?.podIP ?? '',
	nodeName: spec.nodeName ?? '',
	targetRef: {kind: 'Pod', name: metadata.name, namespace: metadata.namespace ?? 'default', uid: metadata.uid ?? ''},
});

/** The ports of a service as numbers; a name is looked up in the containers of the pod. */
const portsOf = ({spec}: Service, pod: Pod) =>
	(spec.ports ?? []).flatMap(({name, port, protocol = 'TCP', targetPort = port}) => {
		const named = pod.spec.containers.flatMap(({ports = []}) => ports).find(found => found.name === targetPort);
		const number = typeof targetPort === 'number' ? targetPort : named?.containerPort;
		return number === undefined ? [] : [{...(name !== undefined && {name}), port: number, protocol}];
	});
