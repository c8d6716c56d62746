import {type ApiObject, isObject} from '../types.ts';

/** Marks the Pod that shows a node's own service; only its node makes one. */
export const mirrorAnnotation = 'kubernetes.io/config.mirror';

const defaultGrace = 30;

/**
 * Seconds that an object goes on after it was deleted. Only Pods bound to a node have a grace period; what mirrors a node's own service
 * has none, the node brings it back itself. `asked` is what the client wants.
 */
export function graceOf(storage: string, object: ApiObject, asked?: number): number {
	if (storage !== 'pods') return 0;
	const spec = isObject(object['spec']) ? object['spec'] : {};
	const status = isObject(object['status']) ? object['status'] : {};
	if (!spec['nodeName'] || status['phase'] === 'Failed' || status['phase'] === 'Succeeded') return 0;
	if (object.metadata.annotations?.[mirrorAnnotation] !== undefined) return 0;
	const own = spec['terminationGracePeriodSeconds'];
	return Math.max(0, asked ?? (typeof own === 'number' ? own : defaultGrace));
}
