import type {Node, PodSpec, Taint, Toleration} from '../types.ts';

/** Whether a toleration is about a taint. */
export const tolerates = ({key = '', operator = 'Equal', value = '', effect = ''}: Toleration, taint: Taint): boolean => {
	if (effect !== '' && effect !== taint.effect) return false;
	if (key === '') return operator === 'Exists';
	return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''));
};

/** The taints of a node that a pod does not tolerate; a cordoned node counts as tainted. */
export const untolerated = ({tolerations = []}: PodSpec, {spec}: Node, effects: readonly string[]): Taint[] => {
	const cordon: Taint[] = spec.unschedulable === true ? [{key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule'}] : [];
	return [...(spec.taints ?? []), ...cordon].filter(
		taint => effects.includes(taint.effect) && !tolerations.some(toleration => tolerates(toleration, taint)),
	);
};
