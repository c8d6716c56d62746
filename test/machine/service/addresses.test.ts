import test from 'ava';
import {endpointsOf, instanceOf} from '../../../src/machine/service/addresses.ts';
import {freeSlot, surplus} from '../../../src/machine/service/reconcile.ts';
import {loadBalancerOf} from '../../../src/providers/local/network.ts';

const record = (slot: number) =>
	({name: `worker-${slot}`, group: 'g', role: 'worker', image: 'v1.0.0', slot, diskUuid: ''}) as const;

test('with an address per node every node has the standard ports', t => {
	const instance = instanceOf('0a0b0c0d', {kind: 'addresses', prefix: '127.9.8'}, record(2));
	t.deepEqual(instance, {
		name: 'worker-2',
		role: 'worker',
		uid: '0a0b0c0d',
		address: '127.9.8.12',
		providerId: 'local://0a0b0c0d/worker-2',
		endpoints: {
			kubernetes: '127.9.8.12:6443',
			bootstrapper: '127.9.8.12:9000',
			recovery: '127.9.8.12:9999',
			'verify-http': '127.9.8.12:30080',
			verify: '127.9.8.12:30081',
			join: '127.9.8.12:30090',
			kubelet: '127.9.8.12:10250',
		},
	});
});

test('with one address no two services of a cluster, nor of two clusters, get the same port', t => {
	const endpoints = [20_000, 21_616].flatMap(firstPort => {
		const network = {kind: 'ports', firstPort} as const;
		const nodes = Array.from({length: 200}, (_, slot) => Object.values(endpointsOf(network, slot)));
		return [...Object.values(loadBalancerOf(network)), ...nodes.flat()];
	});
	t.is(new Set(endpoints).size, endpoints.length);
	t.true(endpoints.every(endpoint => endpoint.startsWith('127.0.0.1:') && Number(endpoint.split(':')[1]) < 65_536));
});

test('places are filled from below, and the dead leave before the newest', t => {
	t.is(freeSlot([]), 0);
	t.is(freeSlot([record(0), record(1), record(3)]), 2);
	const members = [
		{name: 'worker-0', state: 'running'},
		{name: 'worker-2', state: 'failed'},
		{name: 'worker-10', state: 'running'},
		{name: 'worker-9', state: 'creating'},
	] as const;
	t.deepEqual(surplus(members, 4), []);
	t.deepEqual(surplus(members, 3), ['worker-2']);
	t.deepEqual(surplus(members, 1), ['worker-9', 'worker-10', 'worker-2']);
	t.deepEqual(surplus(members, 9), []);
});
