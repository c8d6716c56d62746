import type {MessageInitShape} from '@bufbuild/protobuf';
import * as z from 'zod/mini';
import type {NodeRole} from '../../events.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import type {KubernetesComponentSchema} from '../../rpc/gen/join_pb.ts';
import {type KubernetesSet, ticketKubernetes} from '../../upgrade/kubernetes-rules.ts';

/** What new nodes should run. */
export type WantedVersion = {
	/** Name of the ConfigMap with the components. */
	reference: string;
	kubernetesVersion: string;
	components: MessageInitShape<typeof KubernetesComponentSchema>[];
};

const versionShape = z.object({
	spec: z.object({kubernetesComponentsReference: z.string(), kubernetesClusterVersion: z.string()}),
});
const listShape = z.array(
	z.object({URL: z.string(), Hash: z.string(), InstallPath: z.string(), Extract: z._default(z.boolean(), false)}),
);

/**
 * What a node of this role should run: what the NodeVersion `constellation-version` asks for, and for a worker nothing newer than the
 * oldest control plane has, since no kubelet may be newer than an API server. Throws KubeError or ZodError.
 */
export const wantedVersion = async (kube: Kube, role: NodeRole): Promise<WantedVersion> => {
	const {spec} = versionShape.parse(await kube.get(resources.nodeVersions, 'constellation-version'));
	const wanted = {version: spec.kubernetesClusterVersion, components: spec.kubernetesComponentsReference};
	const controlPlanes = role === 'worker' ? await controlPlaneVersions(kube) : [];
	const {version, components: reference} = ticketKubernetes(role, wanted, controlPlanes);
	const {data} = await kube.get(inNamespace(resources.configMaps, 'kube-system'), reference);
	const text = (data as {components?: unknown} | undefined)?.components;
	const components = listShape.parse(JSON.parse(typeof text === 'string' ? text : '[]'));
	return {
		reference,
		kubernetesVersion: version,
		components: components.map(({URL, Hash, InstallPath, Extract}) => ({
			url: URL,
			hash: Hash,
			installPath: InstallPath,
			extract: Extract,
		})),
	};
};

/** A control plane that is so new that nobody annotated it yet is not the oldest. */
const controlPlaneVersions = async (kube: Kube): Promise<KubernetesSet[]> => {
	const {items} = await kube.list(resources.nodes, {labelSelector: 'node-role.kubernetes.io/control-plane'});
	return items.flatMap(({metadata: {annotations = {}}, status}): KubernetesSet[] => {
		const version = (status as {nodeInfo?: {kubeletVersion?: string}} | undefined)?.nodeInfo?.kubeletVersion;
		const components = annotations['constellation.edgeless.systems/kubernetes-components'];
		return version === undefined || components === undefined ? [] : [{version, components}];
	});
};
