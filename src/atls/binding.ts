import {createHash} from 'node:crypto';
import type {NodeRole} from '../events.ts';
import type {Connection} from './connection.ts';

/** TLS exporter labels (RFC 8446 7.5): one for each direction, so that evidence of one cannot serve as the other's. */
export const exporterLabels = {
	join: 'EXPERIMENTAL-constellation-join',
	attest: 'EXPERIMENTAL-constellation-attest',
} as const;

export type JoinMethod = 'IssueJoinTicket' | 'IssueRejoinTicket';

/** The fields of a ticket request that evidence vouches for. A rejoin names no role and has no certificate request. */
export type JoinFields = {method: JoinMethod; diskUuid: string; role?: NodeRole; certificateRequest?: Uint8Array};

const roleBytes: Readonly<Record<NodeRole, number>> = {worker: 0, 'control-plane': 1};
const noRole = 2;

const sha256 = (...parts: readonly (string | Uint8Array)[]): Uint8Array => {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part);
	return new Uint8Array(hash.digest());
};

const zero = Uint8Array.of(0);
const roleByte = (role: NodeRole | undefined): Uint8Array => Uint8Array.of(role ? roleBytes[role] : noRole);

/**
 * User data of the evidence in a ticket request: SHA-256 over `constellation/join/v1`, 0, method, 0, disk UUID, role byte and
 * SHA-256 of the certificate request. Both sides compute it from the request itself.
 */
export const joinUserData = ({method, diskUuid, role, certificateRequest}: JoinFields): Uint8Array =>
	sha256('constellation/join/v1', zero, method, zero, diskUuid, roleByte(role), sha256(certificateRequest ?? new Uint8Array()));

/** User data of evidence repeated on an open connection: SHA-256 over `constellation/attest/v1`, 0, role byte and leaf digest. */
export const attestUserData = (role: NodeRole, leaf: Uint8Array): Uint8Array =>
	sha256('constellation/attest/v1', zero, roleByte(role), sha256(leaf));

/** The nonce that only the two ends of one connection know: 32 bytes of its exporter, bound to the service's leaf. */
export const connectionNonce = (
	connection: Pick<Connection, 'exporter' | 'leaf'>,
	label: (typeof exporterLabels)[keyof typeof exporterLabels],
): Uint8Array => connection.exporter(label, sha256(connection.leaf));
