import type {KubeObject, Resource} from '../../../kubernetes/kube.ts';
import {inNamespace} from '../../../kubernetes/resources.ts';
import {type LabelSelector, matchesSelector} from '../../../kubernetes/selectors.ts';
import {controllerOf, ownedBy} from './pods.ts';
import type {Action, Owner} from './types.ts';

type Owned = KubeObject & {metadata: {ownerReferences?: Owner[]}};

/**
 * What belongs to a controller: what it owns and still selects, and what it selects that nobody owns (adopted). What it owns and selects
 * no more is released.
 */
export const claim = <T extends Owned>(
	owner: KubeObject & {spec: {selector: LabelSelector}},
	candidates: readonly T[],
	resource: Resource,
): {owned: T[]; actions: Action[]} => {
	const {uid, namespace = 'default', deletionTimestamp} = owner.metadata;
	const owned: T[] = [];
	const actions: Action[] = [];
	const change = ({metadata}: T, ownerReferences: Owner[]): Action => ({
		kind: 'patch',
		resource: inNamespace(resource, namespace),
		name: metadata.name,
		patch: {metadata: {resourceVersion: metadata.resourceVersion, ownerReferences}},
	});
	for (const object of candidates) {
		const {metadata} = object;
		if (metadata.namespace !== namespace) continue;
		const matches = matchesSelector(owner.spec.selector, metadata.labels);
		const controller = controllerOf(object);
		const references = metadata.ownerReferences ?? [];
		if (controller?.uid === uid) {
			if (matches) owned.push(object);
			else
				actions.push(
					change(
						object,
						references.filter(reference => reference.uid !== uid),
					),
				);
		} else if (!controller && matches && metadata.deletionTimestamp === undefined && deletionTimestamp === undefined) {
			owned.push(object);
			actions.push(change(object, [...references, ownedBy(owner)]));
		}
	}
	return {owned, actions};
};
