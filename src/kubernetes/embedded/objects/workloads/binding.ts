import {badRequest, conflict} from '../../http/status.ts';
import {type JsonObject, textOf} from '../../types.ts';
import {type Call, timestamp} from '../api.ts';
import {clone} from '../equal.ts';
import {change} from '../write.ts';
import {listOf, mapOf} from './defaults.ts';

/** POST pods/NAME/binding: the scheduler gives a pod its node. A pod that has one or is being deleted is a conflict. */
export function bind(call: Call, body: JsonObject, dryRun: boolean): JsonObject {
	const target = mapOf(body, 'target');
	const node = textOf(target['name']);
	if (node === '' || !['', 'Node'].includes(textOf(target['kind'])))
		throw badRequest('the target of a binding is a Node with a name');
	const options = {dryRun, fieldManager: call.userAgent, fieldValidation: 'Ignore', force: false} as const;
	const {uid} = mapOf(body, 'metadata');
	change(
		call,
		current => {
			const {type, path} = call;
			const pod = clone(current);
			const spec = mapOf(pod as JsonObject, 'spec');
			const bound = textOf(spec['nodeName']);
			if (bound !== '') throw conflict(type, path.name, `pod ${path.name} is already assigned to node "${bound}"`);
			if (pod.metadata.deletionTimestamp !== undefined)
				throw conflict(type, path.name, `pod ${path.name} is being deleted, cannot be assigned to a host`);
			spec['nodeName'] = node;
			const status = mapOf(pod as JsonObject, 'status');
			const condition = {
				type: 'PodScheduled',
				status: 'True',
				lastProbeTime: null,
				lastTransitionTime: timestamp(call.api.now()),
			};
			const others = listOf(status, 'conditions').filter(({type}) => type !== 'PodScheduled');
			pod['status'] = {...status, conditions: [...others, condition]};
			if (typeof uid === 'string' && uid !== '') pod.metadata.uid = uid;
			return pod;
		},
		options,
		'binding',
	);
	return {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201};
}
