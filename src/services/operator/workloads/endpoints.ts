import {inNamespace, resources} from '../../../kubernetes/resources.ts';
import {matchesSelector} from '../../../kubernetes/selectors.ts';
import {isReady, ownedBy} from './pods.ts';
import {canonical} from './template.ts';
import type {Action, Decision, EndpointSlice, Endpoints, Pod, Service, World} from './types.ts';

/**
 * Lists the pods of a Service as its Endpoints and EndpointSlices: older clients read the first, kubectl the second. The addresses of
 * simulated pods lead nowhere; which pods are ready is true.
 */
export const reconcileEndpoints = ({pods, endpoints, endpointSlices}: World, service: Service): Decision => {
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
	const groups = [...Map.groupBy(chosen, pod => JSON.stringify(portsOf(service, pod)))].map(
		([ports, group]): Group => ({ports: JSON.parse(ports) as object[], pods: group}),
	);
	const found = endpoints.find(({metadata}) => metadata.name === name && metadata.namespace === namespace);
	const own = endpointSlices?.filter(
		({metadata}) =>
			metadata.namespace === namespace && metadata.labels?.[serviceLabel] === name && metadata.labels[managerLabel] === manager,
	);
	return {
		actions: [...endpointsActions(service, groups, found), ...(own === undefined ? [] : sliceActions(service, groups, own))],
	};
};

/** Pods whose ports are the same numbers. */
type Group = {ports: object[]; pods: Pod[]};

const serviceLabel = 'kubernetes.io/service-name';
const managerLabel = 'endpointslice.kubernetes.io/managed-by';
/** Slices of anybody else are theirs. */
const manager = 'endpointslice-controller.k8s.io';

function endpointsActions(service: Service, groups: readonly Group[], found: Endpoints | undefined): Action[] {
	const {name, namespace = 'default'} = service.metadata;
	const subsets = groups.map(({ports, pods}) => {
		const ready = pods.filter(isReady).map(addressOf);
		const notReady = pods.filter(pod => !isReady(pod)).map(addressOf);
		return {...(ready.length > 0 && {addresses: ready}), ...(notReady.length > 0 && {notReadyAddresses: notReady}), ports};
	});
	if (found && canonical(found.subsets ?? []) === canonical(subsets)) return [];
	const resource = inNamespace(resources.endpoints, namespace);
	if (found) return [{kind: 'replace', resource, object: {...found, subsets}}];
	const metadata = {name, namespace, ownerReferences: [ownedBy(service)]};
	return [{kind: 'create', resource, object: {apiVersion: 'v1', kind: 'Endpoints', metadata, subsets}}];
}

/** One slice for each group, with a number that keeps it apart from those of a Service `web-1`: `web-0`, `web-1`, … */
function sliceActions(service: Service, groups: readonly Group[], found: readonly EndpointSlice[]): Action[] {
	const {name, namespace = 'default'} = service.metadata;
	const resource = inNamespace(resources.endpointSlices, namespace);
	const wanted = groups.map(({ports, pods}, index): EndpointSlice & {addressType: string} => ({
		apiVersion: 'discovery.k8s.io/v1',
		kind: 'EndpointSlice',
		metadata: {
			name: `${name}-${index}`,
			namespace,
			labels: {[serviceLabel]: name, [managerLabel]: manager},
			ownerReferences: [ownedBy(service)],
		},
		addressType: 'IPv4',
		endpoints: pods.map(endpointOf),
		// Unlike in Endpoints a port without a name has an empty one; kubectl 1.32 crashes where there is none.
		ports: ports.map(port => ({name: '', ...port})),
	}));
	const surplus = found.filter(({metadata}) => !wanted.some(each => each.metadata.name === metadata.name));
	return [
		...wanted.flatMap((object): Action[] => {
			const known = found.find(({metadata}) => metadata.name === object.metadata.name);
			if (known === undefined) return [{kind: 'create', resource, object}];
			const {endpoints, ports} = object;
			if (canonical([known.endpoints, known.ports]) === canonical([endpoints, ports])) return [];
			return [{kind: 'replace', resource, object: {...known, endpoints, ports}}];
		}),
		...surplus.map(({metadata}): Action => ({kind: 'delete', resource, name: metadata.name, options: {}})),
	];
}

const endpointOf = (pod: Pod) => {
	const {ip, ...rest} = addressOf(pod);
	const ready = isReady(pod);
	return {addresses: [ip], conditions: {ready, serving: ready, terminating: false}, ...rest};
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
