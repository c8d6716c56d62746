import type {MessageInitShape} from '@bufbuild/protobuf';
import * as z from 'zod/mini';
import type {Kube} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import type {KubernetesComponentSchema} from '../../rpc/gen/join_pb.ts';

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

/** Reads the NodeVersion `constellation-version` and the list of components that it names. Throws KubeError or ZodError. */
export const wantedVersion = async (kube: Kube): Promise<WantedVersion> => {
	const {spec} = versionShape.parse(await kube.get(resources.nodeVersions, 'constellation-version'));
	const reference = spec.kubernetesComponentsReference;
	const {data} = await kube.get(inNamespace(resources.configMaps, 'kube-system'), reference);
	const text = (data as {components?: unknown} | undefined)?.components;
	const components = listShape.parse(JSON.parse(typeof text === 'string' ? text : '[]'));
	return {
		reference,
		kubernetesVersion: spec.kubernetesClusterVersion,
		components: components.map(({URL, Hash, InstallPath, Extract}) => ({
			url: URL,
			hash: Hash,
			installPath: InstallPath,
			extract: Extract,
		})),
	};
};
