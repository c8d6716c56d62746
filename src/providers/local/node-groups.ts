import type {Machine, NodeGroups} from '../node-groups.ts';
import {controlOf, list, object, parseGroup, parseMachine, string} from './control.ts';

/** Node groups of the local provider, plus what only a machine that can be switched on and off needs. */
export type LocalNodeGroups = NodeGroups & {
	/** Switches a stopped machine on; does nothing to a running one. Its state says how it went. */
	startMachine(name: string): Promise<Machine>;
	stopMachine(name: string): Promise<Machine>;
	startAll(): Promise<Machine[]>;
	stopAll(): Promise<Machine[]>;
	/** Versions of the images there are. */
	images(): Promise<string[]>;
};

/** The node groups of the cluster whose machine service listens on `socketPath`. Throws what `controlOf` throws. */
export const localNodeGroups = (socketPath: string, signal?: AbortSignal): LocalNodeGroups => {
	const control = controlOf(socketPath, signal);
	const group = (name: string) => `/groups/${encodeURIComponent(name)}`;
	const machine = (name: string) => `/machines/${encodeURIComponent(name)}`;
	const groups = async () => list(await control('GET', '/groups')).map(parseGroup);
	return {
		list: groups,
		async get(name) {
			const found = (await groups()).find(each => each.name === name);
			if (found === undefined) throw new Error(`there is no node group ${name}`);
			return found;
		},
		async setImage(name, image) {
			await control('PUT', `${group(name)}/image`, {image});
		},
		async setSize(name, size) {
			await control('PUT', `${group(name)}/size`, {size});
		},
		async createNode(name, token) {
			return string(object(await control('POST', `${group(name)}/machines`, {token})).name);
		},
		async deleteNode(name) {
			await control('DELETE', machine(name));
		},
		async setDraining(name, draining) {
			await control('PUT', `${machine(name)}/draining`, {draining});
		},
		async machines() {
			return list(await control('GET', '/machines')).map(parseMachine);
		},
		async startMachine(name) {
			return parseMachine(await control('POST', `${machine(name)}/start`));
		},
		async stopMachine(name) {
			return parseMachine(await control('POST', `${machine(name)}/stop`));
		},
		async startAll() {
			return list(await control('POST', '/start')).map(parseMachine);
		},
		async stopAll() {
			return list(await control('POST', '/stop')).map(parseMachine);
		},
		async images() {
			return list(await control('GET', '/images')).map(string);
		},
	};
};
