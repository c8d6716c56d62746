import {readFileSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import {API} from '../../src/rpc/gen/verify_pb.ts';
import {addService, createServer, listenPlain} from '../../src/rpc/server.ts';
import {RpcError, status} from '../../src/rpc/status.ts';

/** What a v2.9 verification service answered once. */
export type Recorded = {
	id: string;
	nonceHex: string;
	clusterIdHex: string;
	document: string;
	/** What the release expects of a node that is in no cluster yet. */
	measurements: Record<string, {expected: string; warnOnly: boolean}>;
};

export function recorded(id: string): Recorded {
	const text = readFileSync(new URL('../fixtures/v29/verify.json', import.meta.url), 'utf8');
	const found = (JSON.parse(text) as {cases: Recorded[]}).cases.find(each => each.id === id);
	if (found === undefined) throw new Error(`nothing was recorded as ${id}`);
	return found;
}

/** A service of v2.9 that gives its recorded document for any nonce, over plain gRPC; gives its address. */
export async function serveRecorded(
	t: ExecutionContext,
	document: string | Uint8Array,
	address = '127.0.0.1:0',
): Promise<string> {
	const server = createServer();
	addService(server, API, {
		getAttestation: ({nonce}) => {
			if (nonce.length === 0) throw new RpcError(status.INVALID_ARGUMENT, 'nonce is required to issue attestation');
			return Promise.resolve({attestation: Buffer.from(document)});
		},
	});
	const port = await listenPlain(server, address);
	t.teardown(() => server.forceShutdown());
	return `${address.split(':')[0] ?? ''}:${port}`;
}
