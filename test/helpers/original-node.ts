import type {ExecutionContext} from 'ava';
import {serveAtls} from '../../src/atls/server.ts';
import {openTpm} from '../../src/attestation/tpm/commands.ts';
import {eventTypes} from '../../src/attestation/tpm/event-log.ts';
import {documentIssuerOf, type Issuer} from '../../src/attestation/variant.ts';
import {decodeKmsUri} from '../../src/keys/kms-uri.ts';
import {digestsOf} from '../../src/machine/tpm/banks.ts';
import {createSoftwareTpm} from '../../src/machine/tpm/software-tpm.ts';
import {API as RecoverApi} from '../../src/rpc/gen/recoverproto_pb.ts';
import {addService, createServer} from '../../src/rpc/server.ts';
import {writeEventLog} from './forge-document.ts';
import {directChannel} from './local-machine.ts';

export type OriginalNode = {
	/** host:port of the recovery server. */
	endpoint: string;
	/** What was pushed, in order. */
	received: {key: string; salt: string; storage: string}[];
	/** Values of the registers by index, hex. */
	registers: string[];
};

type Knobs = {
	host?: string;
	/** Recoveries after which it goes on booting, as a node does that got the right secret; never with Infinity. */
	takes?: number;
	/** Another one than that of a software TPM. */
	issuer?: Issuer;
	/** Whether it is in a cluster already: its cluster register is not zero then. */
	inCluster?: boolean;
};

/**
 * A control plane as v2.9 leaves it waiting in its first boot stage: a recovery server on port 9999 over aTLS, with the evidence of a
 * (software) TPM in its certificate, one unary call, and nothing else.
 */
export async function originalNode(
	t: ExecutionContext,
	{host = '127.0.0.1', takes = 1, inCluster = false, issuer}: Knobs = {},
): Promise<OriginalNode> {
	const software = createSoftwareTpm({certify: () => Promise.resolve(new Uint8Array())});
	const tpm = openTpm(directChannel(software));
	const events = [{register: 4, type: eventTypes.ipl, data: Buffer.from('loader of v2.9')}];
	for (const {register, data} of events) software.measure(register, digestsOf(data), 'firmware');
	if (inCluster) await tpm.extend(15, new Uint8Array(32).fill(1));
	const firmwareLog = () => Promise.resolve(writeEventLog(events));
	const received: OriginalNode['received'] = [];
	const server = createServer();
	addService(server, RecoverApi, {
		recover: ({kmsUri, storageUri}) => {
			const {key, salt} = decodeKmsUri(kmsUri);
			const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
			received.push({key: hex(key.reveal()), salt: hex(salt.reveal()), storage: storageUri});
			if (received.length >= takes) void atls.close(200);
			return Promise.resolve({});
		},
	});
	const atls = await serveAtls(server, {
		issuer: issuer ?? documentIssuerOf('qemu-vtpm', {tpm, firmwareLog}),
		host,
		port: host === '127.0.0.1' ? 0 : 9999,
	});
	t.teardown(() => atls.close());
	const registers = (await tpm.readPcrs()).map(value => Buffer.from(value).toString('hex'));
	return {endpoint: `${host}:${atls.port}`, received, registers};
}
