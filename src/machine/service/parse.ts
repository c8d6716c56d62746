import {isProcessRecord} from '../../process.ts';
import type {ServiceName} from '../../services/host.ts';
import {serviceNames} from '../../services/host.ts';
import {Refused} from './refused.ts';
import type {CloudSpec, GroupSpec, MachineRecord, Network} from './types.ts';

/** Most machines one cluster can have: the addresses of a /24 from .10 on. */
export const largestSize = 200;

/** Reads a CloudSpec; throws Refused. */
export const parseSpec = (value: unknown): CloudSpec => {
	const {uid, name, network, loadBalancer, initSecretHash, dataHome} = object(value, 'the description of the cluster');
	const endpoints: Partial<Record<ServiceName, string>> = {};
	const given = object(loadBalancer, 'loadBalancer');
	for (const service of serviceNames)
		if (given[service] !== undefined) endpoints[service] = text(given[service], `loadBalancer.${service}`);
	return {
		uid: matching(uid, /^[0-9a-f]{8}$/, 'uid'),
		name: text(name, 'name'),
		network: parseNetwork(network),
		loadBalancer: endpoints,
		initSecretHash: text(initSecretHash, 'initSecretHash'),
		dataHome: text(dataHome, 'dataHome'),
	};
};

/** Reads a GroupSpec as it comes from Terraform or an API caller; throws Refused. */
export const parseGroup = (name: string, value: unknown): GroupSpec => {
	const {role, image, size} = object(value, 'the node group');
	return {
		name: matching(name, /^[a-z0-9][a-z0-9_-]{0,62}$/, 'name of the node group'),
		role: parseRole(role),
		image: parseImage(image),
		size: parseSize(size),
	};
};

export const parseImage = (value: unknown): string => matching(value, /^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, 'image');

/** What a caller names its wish by; undefined where it names none. */
export const parseToken = (value: unknown): string | undefined =>
	value === undefined ? undefined : matching(value, /^[a-z0-9][a-z0-9.-]{0,127}$/, 'token');

export const parseSize = (value: unknown): number => {
	if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > largestSize) {
		throw new Refused(400, 'invalid', `size is not a number from 0 to ${largestSize}`);
	}
	return value;
};

/** Reads machine.json; undefined when it is not one of ours. */
export const parseMachine = (value: unknown): MachineRecord | undefined => {
	if (typeof value !== 'object' || value === null) return undefined;
	const {name, group, role, image, slot, diskUuid, token, process} = value as Record<string, unknown>;
	if (typeof name !== 'string' || typeof group !== 'string' || typeof image !== 'string' || typeof diskUuid !== 'string')
		return undefined;
	if ((role !== 'control-plane' && role !== 'worker') || typeof slot !== 'number') return undefined;
	return {
		name,
		group,
		role,
		image,
		slot,
		diskUuid,
		...(typeof token === 'string' && {token}),
		...(isProcessRecord(process) && {process}),
	};
};

export const object = (value: unknown, what: string): Record<string, unknown> => {
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		throw new Refused(400, 'invalid', `${what} is not an object`);
	return value as Record<string, unknown>;
};

const parseNetwork = (value: unknown): Network => {
	const {kind, prefix, firstPort} = object(value, 'network');
	if (kind === 'addresses') return {kind, prefix: matching(prefix, /^127\.\d{1,3}\.\d{1,3}$/, 'network.prefix')};
	if (kind === 'ports' && typeof firstPort === 'number' && firstPort > 1023 && firstPort < 65_000) return {kind, firstPort};
	throw new Refused(400, 'invalid', 'network is neither addresses with a prefix nor ports with a firstPort');
};

const parseRole = (value: unknown) => {
	if (value === 'control-plane' || value === 'worker') return value;
	throw new Refused(400, 'invalid', 'role is neither control-plane nor worker');
};

const text = (value: unknown, what: string): string => matching(value, /^[^\0\n]{1,4096}$/, what);

const matching = (value: unknown, pattern: RegExp, what: string): string => {
	if (typeof value !== 'string' || !pattern.test(value)) throw new Refused(400, 'invalid', `${what} is missing or malformed`);
	return value;
};
