import {attestHandlers} from '../../../atls/attest.ts';
import {serveAtls} from '../../../atls/server.ts';
import type {Issuer} from '../../../attestation/attested.ts';
import {API as ConnectionApi} from '../../../rpc/gen/connection_pb.ts';
import {API as InitApi} from '../../../rpc/gen/init_pb.ts';
import {addService, createServer} from '../../../rpc/server.ts';
import {whenAborted} from '../../abort.ts';
import {splitEndpoint} from '../../metadata.ts';
import type {Stop} from '../../supervisor/protocol.ts';
import type {NodeHost} from '../host-context.ts';
import {type InitServiceDeps, initService} from './service.ts';

const graceMs = 1000;

/** Serves Init over aTLS on the machine's `bootstrapper` endpoint, until it is stopped or the machine is switched off. */
export const serveInit = async (host: NodeHost, issuer: Issuer, deps: InitServiceDeps): Promise<Stop> => {
	const server = createServer();
	const failed = (method: string, error: unknown) => {
		host.log(`${method} failed: ${String(error)}`);
	};
	addService(server, ConnectionApi, attestHandlers(issuer, host.instance.role));
	addService(server, InitApi, initService(deps), failed);
	const atls = await serveAtls(server, {issuer, ...splitEndpoint(host.instance.endpoints.bootstrapper)});
	let stopping: Promise<void> | undefined;
	const stop = () => (stopping ??= atls.close(graceMs));
	whenAborted(host.signal, () => void stop());
	return stop;
};
