import type {Event, PlannedChange} from '../events.ts';

/** What one line of `terraform … -json` says to us. */
export type Message =
	| {kind: 'event'; event: Event}
	| {kind: 'change'; change: PlannedChange}
	| {kind: 'error'; summary: string; detail: string; address?: string}
	| {kind: 'other'};

const longestText = 4000;

/** Reads one line of Terraform's machine-readable output (its documented JSON view, format 1.x); lines it does not know are `other`. */
export const readMessage = (line: string, now: number): Message => {
	const message = parse(line);
	const hook = record(message.hook);
	const resource = record(hook.resource);
	const address = text(resource.addr);
	const action = text(hook.action);
	switch (message.type) {
		case 'planned_change': {
			const change = record(message.change);
			const planned = record(change.resource);
			return {
				kind: 'change',
				change: {address: text(planned.addr), action: actionOf(change.action), kind: text(planned.resource_type)},
			};
		}
		case 'apply_start':
			return {kind: 'event', event: {type: 'resource', address, state: 'started', action, at: now}};
		case 'apply_progress':
			return {
				kind: 'event',
				event: {type: 'resource', address, state: 'progress', action, elapsedSeconds: seconds(hook.elapsed_seconds), at: now},
			};
		case 'apply_complete':
			return {
				kind: 'event',
				event: {type: 'resource', address, state: 'done', action, elapsedSeconds: seconds(hook.elapsed_seconds), at: now},
			};
		case 'apply_errored':
			return {
				kind: 'event',
				event: {type: 'resource', address, state: 'failed', action, elapsedSeconds: seconds(hook.elapsed_seconds), at: now},
			};
		case 'provision_progress': {
			const said = text(hook.output);
			// Terraform first repeats the whole command; that is no progress.
			if (said.includes('Executing: ')) return {kind: 'other'};
			return {kind: 'event', event: {type: 'log', source: address, line: said, at: now}};
		}
		case 'diagnostic': {
			const diagnostic = record(message.diagnostic);
			const summary = text(diagnostic.summary);
			const detail = text(diagnostic.detail);
			if (diagnostic.severity === 'error') {
				return {
					kind: 'error',
					summary,
					detail,
					...(typeof diagnostic.address === 'string' && {address: text(diagnostic.address)}),
				};
			}
			return {
				kind: 'event',
				event: {type: 'warning', code: 'terraform', message: detail === '' ? summary : `${summary}: ${detail}`, at: now},
			};
		}
		default:
			return {kind: 'other'};
	}
};

const actionOf = (action: unknown): PlannedChange['action'] => {
	switch (action) {
		case 'create':
		case 'update':
		case 'replace':
		case 'delete':
		case 'read':
			return action;
		default:
			return 'no-op';
	}
};

const parse = (line: string): Record<string, unknown> => {
	try {
		return record(JSON.parse(line));
	} catch {
		// Not a message: a plug-in or a library wrote to standard output.
		return {};
	}
};

const record = (value: unknown): Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const seconds = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** Provisioners pass on what programs print: no control characters may reach a terminal from here. */
const text = (value: unknown): string =>
	typeof value === 'string' ? value.replace(/[^\P{Cc}\n]|\p{Cf}/gu, '').slice(0, longestText) : '';
