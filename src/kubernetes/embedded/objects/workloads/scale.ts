import {type LabelSelector, selectorText} from '../../../selectors.ts';
import {cause, invalid} from '../../http/status.ts';
import {type ApiObject, isObject, type JsonObject} from '../../types.ts';
import type {Call} from '../api.ts';
import {clone} from '../equal.ts';
import type {WriteOptions} from '../options.ts';
import {change} from '../write.ts';
import {mapOf} from './defaults.ts';

/** The autoscaling/v1 Scale of a Deployment or ReplicaSet. */
export function scaleOf(object: ApiObject): ApiObject {
	const {name, namespace, uid, resourceVersion, creationTimestamp} = object.metadata;
	const spec = mapOf(object as JsonObject, 'spec');
	const metadata = {
		name,
		...(namespace !== undefined && {namespace}),
		...(uid !== undefined && {uid}),
		...(resourceVersion !== undefined && {resourceVersion}),
		...(creationTimestamp !== undefined && {creationTimestamp}),
	};
	return {
		kind: 'Scale',
		apiVersion: 'autoscaling/v1',
		metadata,
		spec: {replicas: spec['replicas'] ?? 0},
		status: {
			replicas: mapOf(object as JsonObject, 'status')['replicas'] ?? 0,
			selector: selectorText(spec['selector'] as LabelSelector | undefined),
		},
	};
}

/** Writes the number of replicas that `next` makes of the present Scale; a resourceVersion in it must be the current one. */
export function changeScale(call: Call, next: (scale: ApiObject) => unknown, options: WriteOptions): ApiObject {
	const wanted = (current: ApiObject): ApiObject => {
		const scale = next(scaleOf(current));
		const spec = isObject(scale) ? mapOf(scale, 'spec') : {};
		const {replicas = 0} = spec;
		if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
			throw invalid({group: 'autoscaling', kind: 'Scale'}, call.path.name, [
				cause.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
			]);
		}
		const given = isObject(scale) ? mapOf(scale, 'metadata') : {};
		const object = clone(current);
		object['spec'] = {...mapOf(object as JsonObject, 'spec'), replicas};
		delete object.metadata.resourceVersion;
		for (const field of ['resourceVersion', 'uid'] as const) {
			if (typeof given[field] === 'string') object.metadata[field] = given[field];
		}
		return object;
	};
	return scaleOf(change(call, wanted, options, 'main'));
}
