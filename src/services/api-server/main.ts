import {startApiServer} from '../../kubernetes/embedded/main.ts';
import {Secret} from '../../secret.ts';
import type {Stop} from '../supervisor/protocol.ts';

/** As startApiServer takes them, with secrets in base64. */
export type ApiServerServiceSettings = {
	listen: {host: string; port: number};
	storePath: string;
	storageKey: string;
	ca: string;
	saKey: string;
	serving: {cert: string; key: string};
	kubeletClient: {cert: string; key: string};
	version: string;
};

/** The API server of a control plane as a service of its node. */
export const main = async (settings: ApiServerServiceSettings): Promise<Stop> => {
	const {listen, storePath, ca, serving, kubeletClient, version} = settings;
	const server = await startApiServer({
		listen,
		storePath,
		storageKey: secret(settings.storageKey),
		ca,
		saKey: secret(settings.saKey),
		serving: {cert: serving.cert, key: secret(serving.key)},
		kubeletClient: {cert: kubeletClient.cert, key: secret(kubeletClient.key)},
		version,
	});
	console.log(`Kubernetes API ${version} on ${listen.host}:${server.port}`);
	return () => server.close();
};

const secret = (base64: string) => new Secret(Buffer.from(base64, 'base64'));
