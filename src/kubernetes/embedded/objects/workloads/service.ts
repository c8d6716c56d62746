import {randomInt} from 'node:crypto';
import {type Cause, cause} from '../../http/status.ts';
import {type ApiObject, isObject, type JsonObject, textOf} from '../../types.ts';
import type {Call} from '../api.ts';
import type {Strategy} from '../strategy.ts';
import {fill, listOf, mapOf} from './defaults.ts';

/** Addresses of services: from the range for benchmarks (RFC 2544), which nobody routes; nothing answers there. */
const addressPrefix = '198.19';
const firstNodePort = 30_000;
const lastNodePort = 32_767;
const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export const serviceStrategy: Strategy = {
	create(object, call) {
		complete(object, call);
		object['status'] = {loadBalancer: {}};
	},
	update(next, current, call) {
		const spec = mapOf(next as JsonObject, 'spec');
		const before = mapOf(current as JsonObject, 'spec');
		for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
			const value = before[field];
			if (value !== undefined && textOf(spec['type'] ?? before['type']) !== 'ExternalName') fill(spec, {[field]: value});
		}
		complete(next, call);
	},
	problems,
	keepsStatus: true,
};

function complete(object: ApiObject, call: Call): void {
	const spec = mapOf(object as JsonObject, 'spec');
	object['spec'] = spec;
	fill(spec, {type: 'ClusterIP', sessionAffinity: 'None'});
	for (const port of listOf(spec, 'ports')) fill(port, {protocol: 'TCP', targetPort: port['port'] ?? 0});
	if (spec['type'] === 'ExternalName') return;
	fill(spec, {internalTrafficPolicy: 'Cluster', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack'});
	const taken = call.api.store.list('services').items.filter(({metadata}) => metadata.uid !== object.metadata.uid);
	const specs = taken.map(service => mapOf(service as JsonObject, 'spec'));
	if (textOf(spec['clusterIP']) === '') spec['clusterIP'] = freeAddress(new Set(specs.map(({clusterIP}) => textOf(clusterIP))));
	fill(spec, {clusterIPs: [textOf(spec['clusterIP'])]});
	if (spec['type'] === 'ClusterIP') return;
	fill(spec, {externalTrafficPolicy: 'Cluster', ...(spec['type'] === 'LoadBalancer' && {allocateLoadBalancerNodePorts: true})});
	const used = new Set(specs.flatMap(other => listOf(other, 'ports').map(port => port['nodePort'])));
	for (const port of listOf(spec, 'ports')) {
		if (typeof port['nodePort'] === 'number' && port['nodePort'] > 0) continue;
		let nodePort = randomInt(firstNodePort, lastNodePort + 1);
		while (used.has(nodePort)) nodePort = randomInt(firstNodePort, lastNodePort + 1);
		port['nodePort'] = nodePort;
		used.add(nodePort);
	}
}

function freeAddress(taken: ReadonlySet<string>): string {
	for (;;) {
		const address = `${addressPrefix}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
		if (!taken.has(address)) return address;
	}
}

function problems(object: ApiObject, current: ApiObject | undefined): Cause[] {
	const spec = mapOf(object as JsonObject, 'spec');
	const type = textOf(spec['type']);
	if (!types.includes(type)) return [cause.notSupported('spec.type', JSON.stringify(type), types)];
	const ports = listOf(spec, 'ports');
	const found: Cause[] = ports.flatMap((port, index) => {
		const value = port['port'];
		const isPort = Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535;
		return [
			...(isPort ? [] : [cause.invalid(`spec.ports[${index}].port`, value, 'must be between 1 and 65535, inclusive')]),
			...(ports.length > 1 && textOf(port['name']) === '' ? [cause.required(`spec.ports[${index}].name`)] : []),
		];
	});
	if (type === 'ExternalName') {
		return textOf(spec['externalName']) === '' ? [...found, cause.required('spec.externalName')] : found;
	}
	if (ports.length === 0 && spec['clusterIP'] !== 'None') found.push(cause.required('spec.ports'));
	const before = current && isObject(current['spec']) ? current['spec'] : undefined;
	if (before && textOf(before['clusterIP']) !== '' && before['clusterIP'] !== spec['clusterIP']) {
		found.push(cause.invalid('spec.clusterIPs[0]', spec['clusterIPs'] ?? null, 'may not change once set'));
	}
	return found;
}
