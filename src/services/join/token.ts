import {randomInt} from 'node:crypto';
import type {Kube} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const lifetime = 15 * 60_000;

const random = (length: number): string => Array.from({length}, () => alphabet[randomInt(alphabet.length)]).join('');

const encode = (values: Record<string, string>): Record<string, string> =>
	Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

/** Makes a Kubernetes bootstrap token that lives 15 minutes and is for one ticket only. The result is secret. */
export const mintToken = async (kube: Kube, node: string, now = Date.now()): Promise<string> => {
	const id = random(6);
	const secret = random(16);
	await kube.create(inNamespace(resources.secrets, 'kube-system'), {
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: {name: `bootstrap-token-${id}`, namespace: 'kube-system'},
		type: 'bootstrap.kubernetes.io/token',
		data: encode({
			'token-id': id,
			'token-secret': secret,
			description: `Join token of ${node}, made by the JoinService`,
			expiration: new Date(now + lifetime).toISOString().replace(/\.\d+Z$/, 'Z'),
			'usage-bootstrap-signing': 'true',
			'usage-bootstrap-authentication': 'true',
			'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
		}),
	});
	return `${id}.${secret}`;
};
