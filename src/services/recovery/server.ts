import {attestHandlers} from '../../atls/attest.ts';
import {serveAtls} from '../../atls/server.ts';
import type {Issuer} from '../../attestation/attested.ts';
import {AppError} from '../../errors.ts';
import {dataKey, type MasterSecret, measurementSecret} from '../../keys/derive.ts';
import {decodeKmsUri, noStorageUri} from '../../keys/kms-uri.ts';
import {API as ConnectionApi} from '../../rpc/gen/connection_pb.ts';
import {API as RecoverApi, type RecoverMessage} from '../../rpc/gen/recoverproto_pb.ts';
import {addService, createServer} from '../../rpc/server.ts';
import {RpcError, status} from '../../rpc/status.ts';
import {Secret} from '../../secret.ts';

import type {Disk} from '../host.ts';
import type {Stop} from '../supervisor/protocol.ts';

/** What a node needs to enter its cluster again. */
export type Recovered = {stateKey: Secret; measurementSecret: Secret; master: MasterSecret};

export type RecoveryDeps = {
	listen: {host: string; port: number};
	issuer: Issuer;
	disk: Disk;
	log: (line: string) => void;
	/** Called once, with secrets that open the disk of this node. */
	recovered: (secrets: Recovered) => void;
};

const graceMs = 1000;

/**
 * The recovery server of a control plane that no JoinService can help: an administrator attests it and pushes the master secret.
 * A secret counts only when it opens the state of this disk; with any other the node says so and goes on waiting.
 */
export const serveRecovery = async (deps: RecoveryDeps): Promise<{port: number; stop: Stop}> => {
	const server = createServer();
	addService(server, ConnectionApi, attestHandlers(deps.issuer, 'control-plane'));
	addService(server, RecoverApi, recoverService(deps), (method, error) => {
		deps.log(`${method} failed: ${String(error)}`);
	});
	const atls = await serveAtls(server, {issuer: deps.issuer, ...deps.listen});
	let stopping: Promise<void> | undefined;
	return {port: atls.port, stop: () => (stopping ??= atls.close(graceMs))};
};

/** The handler alone. */
export const recoverService = ({disk, log, recovered}: Pick<RecoveryDeps, 'disk' | 'log' | 'recovered'>) => {
	let isRecovered = false;
	let last: Promise<unknown> = Promise.resolve();
	const recover = async ({kmsUri, storageUri}: Pick<RecoverMessage, 'kmsUri' | 'storageUri'>, peer: string) => {
		log(`Recover called by ${peer}`);
		if (isRecovered) return;
		const master = masterOf(kmsUri, storageUri);
		const stateKey = new Secret(dataKey(master, await disk.uuid(), 32));
		try {
			await disk.open(stateKey.reveal());
		} catch (error) {
			stateKey.erase();
			if (!(error instanceof AppError && error.code === 'state-key-wrong')) throw error;
			log('the pushed master secret does not open the disk of this node; still waiting');
			throw new RpcError(
				status.INVALID_ARGUMENT,
				'this master secret does not open the disk of the node: it belongs to another cluster',
			);
		}
		isRecovered = true;
		log('recovered: the master secret opens the disk of this node');
		recovered({stateKey, measurementSecret: new Secret(measurementSecret(master)), master});
	};
	return {
		async recover(
			request: Pick<RecoverMessage, 'kmsUri' | 'storageUri'>,
			{peer}: {peer: string},
		): Promise<Record<string, never>> {
			// One at a time: two secrets must not race for the disk.
			const result = last.then(() => recover(request, peer));
			// The next secret waits for this one, whether it opened the disk or not.
			last = result.catch(() => undefined);
			await result;
			return {};
		},
	};
};

const masterOf = (kmsUri: string, storageUri: string): MasterSecret => {
	if (storageUri !== '' && storageUri !== noStorageUri)
		throw new RpcError(status.INVALID_ARGUMENT, `only ${noStorageUri} is supported`);
	try {
		return decodeKmsUri(kmsUri);
	} catch (error) {
		throw new RpcError(status.INVALID_ARGUMENT, error instanceof Error ? error.message : 'the key management URI is malformed');
	}
};
