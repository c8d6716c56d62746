import {createHash} from 'node:crypto';
import {type Kube, KubeError, type KubeObject} from './kube.ts';
import {inNamespace, resources} from './resources.ts';

export type Happening = {type: 'Normal' | 'Warning'; reason: string; message: string};

/**
 * Records an Event about an object; the same one again only moves its time. `source` is the component, `host` the node that it runs on.
 * Events are a courtesy: an error of the API server is swallowed.
 */
export async function recordEvent(
	kube: Kube,
	about: KubeObject,
	{type, reason, message}: Happening,
	source: {component: string; host?: string},
	now = Date.now(),
): Promise<void> {
	const {name, namespace = 'default', uid = ''} = about.metadata;
	const events = inNamespace(resources.events, namespace);
	const digest = createHash('sha256').update([uid, reason, message].join('\0')).digest('hex').slice(0, 16);
	const eventName = `${name}.${digest}`;
	const time = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
	try {
		await kube.create(events, {
			apiVersion: 'v1',
			kind: 'Event',
			metadata: {name: eventName, namespace},
			involvedObject: {apiVersion: about.apiVersion, kind: about.kind, name, namespace, uid},
			type,
			reason,
			message,
			source,
			firstTimestamp: time,
			lastTimestamp: time,
			count: 1,
		});
	} catch (error) {
		if (!(error instanceof KubeError)) throw error;
		if (error.code !== 409) return;
		await kube.patch(events, eventName, {lastTimestamp: time}, 'merge').catch((again: unknown) => {
			if (!(again instanceof KubeError)) throw again;
		});
	}
}
