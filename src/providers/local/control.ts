import {AppError, exitCodes} from '../../errors.ts';
import type {NodeRole} from '../../events.ts';
import {UnixHttpError, unixRequest} from '../../unix-http.ts';
import type {Machine, MachineState, NodeGroup} from '../node-groups.ts';

/** What the machine service says of itself and its cluster. */
export type CloudStatus = {pid: number; version: string; uid: string; name: string; groups: NodeGroup[]; machines: Machine[]};

export type Control = (method: string, path: string, body?: unknown) => Promise<unknown>;

/**
 * Requests to the machine service behind `socketPath`. Throws AppError: `machine-service-off` (exit 7) when nobody answers,
 * `machine-service` (exit 4) with its sentence when it refuses.
 */
export const controlOf =
	(socketPath: string, signal?: AbortSignal): Control =>
	async (method, path, body) => {
		try {
			return await unixRequest({socketPath, method, path, ...(body !== undefined && {body}), ...(signal && {signal})});
		} catch (cause) {
			if (cause instanceof UnixHttpError) {
				throw new AppError(`The machine service refused: ${cause.message}.`, {
					code: 'machine-service',
					exitCode: exitCodes.infrastructure,
					details: {status: cause.status, reason: cause.code},
					cause,
				});
			}
			throw new AppError('The machine service of this cluster does not run: its machines are off.', {
				code: 'machine-service-off',
				exitCode: exitCodes.unreachable,
				next: ['Run `constellation start` to switch the machines on.'],
				cause,
			});
		}
	};

/** Status of the machine service; undefined when it does not run. */
export const cloudStatus = async (socketPath: string): Promise<CloudStatus | undefined> => {
	try {
		const {pid, version, uid, name, groups, machines} = object(await controlOf(socketPath)('GET', '/status'));
		return {
			pid: Number(pid),
			version: String(version),
			uid: String(uid),
			name: String(name),
			groups: list(groups).map(parseGroup),
			machines: list(machines).map(parseMachine),
		};
	} catch (error) {
		if (error instanceof AppError && error.code === 'machine-service-off') return undefined;
		throw error;
	}
};

export const parseGroup = (value: unknown): NodeGroup => {
	const {name, role, image, size} = object(value);
	return {name: string(name), role: parseRole(role), image: string(image), size: Number(size)};
};

export const parseMachine = (value: unknown): Machine => {
	const {name, group, role, image, address, state, detail, draining} = object(value);
	return {
		name: string(name),
		group: string(group),
		role: parseRole(role),
		image: string(image),
		address: string(address),
		state: parseState(state),
		...(typeof detail === 'string' && {detail}),
		...(draining === true && {draining}),
	};
};

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

export const object = (value: unknown): Record<string, unknown> => {
	if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
	throw unexpected();
};

export const string = (value: unknown): string => {
	if (typeof value === 'string') return value;
	throw unexpected();
};

const parseRole = (value: unknown): NodeRole => {
	if (value === 'control-plane' || value === 'worker') return value;
	throw unexpected();
};

const states: ReadonlySet<string> = new Set<MachineState>([
	'creating',
	'running',
	'stopped',
	'failed',
	'terminating',
	'terminated',
]);

const isState = (value: unknown): value is MachineState => typeof value === 'string' && states.has(value);

const parseState = (value: unknown): MachineState => {
	if (isState(value)) return value;
	throw unexpected();
};

const unexpected = (): AppError =>
	new AppError('The machine service of this cluster answers in a form that this version of the tool does not know.', {
		code: 'machine-service-version',
		exitCode: exitCodes.infrastructure,
		next: ['Use the version of the tool that created this cluster.'],
	});
