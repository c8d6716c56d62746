import {once} from 'node:events';
import * as z from 'zod/mini';
import type {Issuer} from '../../attestation/variant.ts';
import {issuerOf} from '../../attestation/variant.ts';
import {drainable} from '../../drain-http.ts';
import {API} from '../../rpc/gen/verify_pb.ts';
import {addService, createServer, listenPlain} from '../../rpc/server.ts';
import {shutDown} from '../../rpc/shut-down.ts';
import {addressSetting} from '../settings.ts';
import type {Stop} from '../supervisor/protocol.ts';
import {connectTpm} from '../tpm.ts';
import {statementHttpServer} from './http.ts';
import {statementsOf} from './statement.ts';

const settingsShape = z.object({
	grpc: addressSetting,
	http: addressSetting,
	variant: z.literal('local-vtpm'),
	/** Path of the TPM's socket. */
	tpm: z.string(),
});

/** The VerificationService of a node: hands anyone a statement about it for a nonce, over plaintext gRPC and HTTP. */
export const main = async (settings: unknown): Promise<Stop> => {
	const {grpc, http, variant, tpm} = settingsShape.parse(settings);
	const {stop} = await serveStatements(issuerOf(variant, connectTpm(tpm)), {grpc, http});
	console.log('verification service started');
	return stop;
};

type Address = {host: string; port: number};

/** Serves both forms; when one cannot listen, neither does. Gives the ports. */
export const serveStatements = async (
	issuer: Issuer,
	{grpc, http}: {grpc: Address; http: Address},
	log: (line: string) => void = line => {
		console.error(line);
	},
): Promise<{grpcPort: number; httpPort: number; stop: Stop}> => {
	const statement = statementsOf(issuer);
	const server = createServer({maxMessageBytes: 4096});
	addService(server, API, {getAttestation: async ({nonce}) => ({attestation: await statement(nonce)})}, (method, error) => {
		log(`${method}: ${error instanceof Error ? error.message : 'failed'}`);
	});
	const web = statementHttpServer(statement, log);
	const drain = drainable(web);
	// What was asked is answered; clients hear that they have to ask elsewhere from then on.
	const stop = async () => {
		await Promise.all([shutDown(server), drain()]);
	};
	try {
		const grpcPort = await listenPlain(server, `${grpc.host}:${grpc.port}`);
		web.listen(http.port, http.host);
		await once(web, 'listening');
		const address = web.address();
		return {grpcPort, httpPort: typeof address === 'object' && address ? address.port : http.port, stop};
	} catch (error) {
		await stop();
		throw error;
	}
};
