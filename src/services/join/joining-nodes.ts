import {type Kube, KubeError, type KubeObject} from '../../kubernetes/kube.ts';
import {resources, updateGroup, updateVersion} from '../../kubernetes/resources.ts';
import {missing} from '../missing.ts';
import {annotations} from './annotations.ts';
import {notNow} from './errors.ts';
import {mutexName} from './node-name.ts';

/** A node on its way in. */
export type Joining = {
	name: string;
	isControlPlane: boolean;
	/** Name of the ConfigMap with its Kubernetes components. */
	reference: string;
	attestationKey: string;
	/** Version of the image that it was accepted as. */
	image: string;
};

export type JoiningNodes = {
	/** Throws RpcError FAILED_PRECONDITION while another control plane joins. */
	checkFree: (name: string) => Promise<void>;
	/** Registers an attested node; for a control plane this takes the mutex. Throws as checkFree. */
	register: (joining: Joining) => Promise<void>;
	/** Says that the node has its ticket. */
	markTicket: (joining: Joining) => Promise<void>;
};

const workerDeadline = 48 * 3_600_000;
const controlPlaneDeadline = 10 * 60_000;

type Spec = {name?: string; deadline?: string};

/** JoiningNode objects: one a worker under its name, and one for control planes, which so join one at a time. */
export const joiningNodesIn = (kube: Kube, now: () => number = Date.now): JoiningNodes => {
	const find = (name: string): Promise<KubeObject | undefined> => kube.get(resources.joiningNodes, name).catch(missing);
	return {
		checkFree: async name => {
			const holder = specOf(await find(mutexName));
			if (holder.name !== name) checkHolder(holder, now());
		},
		register: async joining => {
			const object = objectFor(joining, now());
			if (await created(kube, object)) return;
			const existing = await find(object.metadata.name);
			if (existing && joining.isControlPlane && !isSame(existing, joining)) checkHolder(specOf(existing), now());
			await replace(kube, existing, object);
		},
		markTicket: async joining => {
			const changed = {[annotations.joinState]: 'ticket', [annotations.joinStateTime]: String(now())};
			await kube.patch(resources.joiningNodes, objectName(joining), {metadata: {annotations: changed}}, 'merge');
		},
	};
};

const objectName = ({name, isControlPlane}: Joining): string => (isControlPlane ? mutexName : name);

const specOf = (object: KubeObject | undefined): Spec => object?.['spec'] ?? {};

/** A deadline that passed frees the mutex, also when no operator is there to delete it. */
const checkHolder = ({name, deadline = ''}: Spec, now: number): void => {
	if (name === undefined || Date.parse(deadline) < now) return;
	throw notNow(`another control plane is joining, at the latest until ${deadline}`);
};

const isSame = (object: KubeObject, {name, attestationKey}: Joining): boolean =>
	specOf(object).name === name && object.metadata.annotations?.[annotations.attestationKey] === attestationKey;

const objectFor = (joining: Joining, now: number): KubeObject => ({
	apiVersion: `${updateGroup}/${updateVersion}`,
	kind: 'JoiningNode',
	metadata: {
		name: objectName(joining),
		annotations: {
			[annotations.joinState]: 'attested',
			[annotations.joinStateTime]: String(now),
			[annotations.attestationKey]: joining.attestationKey,
			[annotations.attestedImage]: joining.image,
		},
	},
	spec: {
		name: joining.name,
		componentsreference: joining.reference,
		iscontrolplane: joining.isControlPlane,
		deadline: new Date(now + (joining.isControlPlane ? controlPlaneDeadline : workerDeadline))
			.toISOString()
			.replace(/\.\d+Z$/, 'Z'),
	},
});

const created = async (kube: Kube, object: KubeObject): Promise<boolean> => {
	try {
		await kube.create(resources.joiningNodes, object);
		return true;
	} catch (error) {
		if (error instanceof KubeError && error.code === 409) return false;
		throw error;
	}
};

/** Only over the version that was looked at: of two control planes at the same expired mutex one gets it. */
const replace = async (kube: Kube, existing: KubeObject | undefined, object: KubeObject): Promise<void> => {
	const resourceVersion = existing?.metadata.resourceVersion;
	try {
		if (resourceVersion === undefined) await kube.create(resources.joiningNodes, object);
		else await kube.update(resources.joiningNodes, {...object, metadata: {...object.metadata, resourceVersion}});
	} catch (error) {
		if (error instanceof KubeError && error.code === 409) throw notNow('the node joins twice at the same time, try again');
		throw error;
	}
};
