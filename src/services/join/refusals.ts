import {AttestationRefused, type Finding} from '../../attestation/findings.ts';
import type {NodeRole} from '../../events.ts';
import {type Kube, KubeError} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {oneLine} from '../../text.ts';
import {annotations, refusalReason} from './annotations.ts';

/** A request that was refused, as it is kept: every text is capped and has no control characters. */
export type RefusalRecord = {
	/** The node's own word. */
	node: string;
	role: NodeRole | '';
	code: string;
	message: string;
	register?: number;
	expected?: string;
	actual?: string;
	count: number;
	/** Milliseconds since the epoch. */
	first: number;
	last: number;
};

export type Refusal = {node: string; role?: NodeRole; error: unknown};

export type Refusals = {
	/** True when the same was not refused before: worth a line in the log. */
	record: (refusal: Refusal) => boolean;
	stop: () => Promise<void>;
};

export type RefusalDeps = {
	kube: Kube;
	/** Name of the node that this service runs on. */
	service: string;
	log: (line: string) => void;
	now?: () => number;
	/** Milliseconds between two rounds of writing. */
	interval?: number;
};

const mostKept = 256;
const writesPerRound = 8;
const limits = {node: 63, code: 64, message: 300, value: 128};

/** A record and the number of the Event that holds it. */
type Slot = {record: RefusalRecord; number: number; dirty: boolean};

/**
 * Keeps refusals as Kubernetes Events: equal ones are counted, at most 256 are kept, and few are written at a time, so that a
 * flood of bad requests costs neither memory nor the API server.
 */
export const recordRefusals = ({kube, service, log, now = Date.now, interval = 500}: RefusalDeps): Refusals => {
	const slots = new Map<string, Slot>();
	let writing: Promise<void> = Promise.resolve();
	const flush = async (): Promise<void> => {
		const dirty = [...slots.values()].filter(slot => slot.dirty).slice(0, writesPerRound);
		for (const slot of dirty) {
			slot.dirty = false;
			try {
				await writeEvent(kube, service, slot);
			} catch (error) {
				slot.dirty = true;
				log(`refusal not recorded: ${error instanceof Error ? error.message : String(error)}`);
				return;
			}
		}
	};
	const timer = setInterval(() => {
		writing = writing.then(flush);
	}, interval);
	timer.unref();
	return {
		record: refusal => count(slots, recordOf(refusal, now())),
		stop: async () => {
			clearInterval(timer);
			await writing;
			await flush();
		},
	};
};

const count = (slots: Map<string, Slot>, record: RefusalRecord): boolean => {
	const key = JSON.stringify([record.node, record.code, record.register, record.actual]);
	const known = slots.get(key);
	// The map is in the order of the last refusal, so that the first is the one to forget.
	slots.delete(key);
	const kept = known ? {...known.record, count: known.record.count + 1, last: record.last} : record;
	const number = known?.number ?? freeNumber(slots);
	slots.set(key, {record: kept, number, dirty: true});
	return known === undefined;
};

const freeNumber = (slots: Map<string, Slot>): number => {
	if (slots.size < mostKept) return slots.size;
	const [oldest] = slots;
	if (!oldest) return 0;
	slots.delete(oldest[0]);
	return oldest[1].number;
};

const recordOf = ({node, role, error}: Refusal, at: number): RefusalRecord => {
	const {code, message, register, expected, actual} = findingOf(error);
	return {
		node: oneLine(node, limits.node),
		role: role ?? '',
		code: oneLine(code, limits.code),
		message: oneLine(message, limits.message),
		...(register === undefined ? {} : {register}),
		...(expected === undefined ? {} : {expected: oneLine(expected, limits.value)}),
		...(actual === undefined ? {} : {actual: oneLine(actual, limits.value)}),
		count: 1,
		first: at,
		last: at,
	};
};

const findingOf = (error: unknown): Omit<Finding, 'code' | 'severity'> & {code: string} => {
	const finding = error instanceof AttestationRefused ? error.findings.find(({severity}) => severity === 'refuse') : undefined;
	return finding ?? {code: 'identity-refused', message: error instanceof Error ? error.message : 'refused'};
};

const writeEvent = async (kube: Kube, service: string, {record, number}: Slot): Promise<void> => {
	const events = inNamespace(resources.events, 'kube-system');
	const name = `join-refused.${service}.${number}`;
	const content = {
		metadata: {annotations: {[annotations.refusal]: JSON.stringify(record)}},
		reason: refusalReason,
		message: record.message,
		count: record.count,
		firstTimestamp: timestamp(record.first),
		lastTimestamp: timestamp(record.last),
	};
	try {
		await kube.patch(events, name, content, 'merge');
	} catch (error) {
		if (!(error instanceof KubeError && error.code === 404)) throw error;
		await kube.create(events, {
			apiVersion: 'v1',
			kind: 'Event',
			...content,
			metadata: {name, namespace: 'kube-system', ...content.metadata},
			involvedObject: {kind: 'Node', apiVersion: 'v1', namespace: 'kube-system', name: 'joining'},
			type: 'Warning',
			source: {component: 'join-service', host: service},
		});
	}
};

const timestamp = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
