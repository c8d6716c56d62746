import {AttestationRefused} from '../attestation/findings.ts';
import type {Attested, Issuer, Validator} from '../attestation/variant.ts';
import type {NodeRole} from '../events.ts';
import {type Channel, clientOn} from '../rpc/client.ts';
import {API as ConnectionApi} from '../rpc/gen/connection_pb.ts';
import type {CallContext, CallOptions, Handlers} from '../rpc/types.ts';
import {attestUserData, connectionNonce, exporterLabels} from './binding.ts';
import {type Connection, connectionOf} from './connection.ts';

/** Serves connection.API: evidence of this node, bound to the connection of the call, its leaf and the node's role. */
export const attestHandlers = (issuer: Issuer, role: NodeRole): Handlers<(typeof ConnectionApi)['method']> => ({
	attest: async (_request, context: CallContext) => {
		const connection = connectionOf(context);
		const nonce = connectionNonce(connection, exporterLabels.attest);
		return {evidence: await issuer.issue(attestUserData(role, connection.leaf), nonce)};
	},
});

/**
 * Asks the service to repeat its evidence on this very connection. Throws AttestationRefused unless the evidence is bound to
 * the connection and its leaf, comes from a machine of `role`, and from the same key as the evidence of the handshake.
 */
export const confirmAttestation = async (
	channel: Channel,
	connection: Connection & {attested: Attested},
	expected: {validator: Validator; role: NodeRole},
	options: CallOptions = {},
): Promise<Attested> => {
	const {evidence} = await clientOn(channel, ConnectionApi).attest({}, options);
	const nonce = connectionNonce(connection, exporterLabels.attest);
	const attested = expected.validator.validate(evidence, nonce, attestUserData(expected.role, connection.leaf));
	checkSameKey(attested, connection.attested);
	checkRole(attested, expected.role);
	return attested;
};

const checkSameKey = (repeated: Attested, first: Attested): void => {
	if (repeated.attestationKey === first.attestationKey) return;
	throw new AttestationRefused([
		{
			code: 'attestation-key-changed',
			severity: 'refuse',
			message: 'The evidence on the open connection comes from another machine than the handshake.',
			expected: first.attestationKey,
			actual: repeated.attestationKey,
		},
	]);
};

const checkRole = ({machine}: Attested, role: NodeRole): void => {
	if (!machine || machine.role === role) return;
	throw new AttestationRefused([
		{
			code: 'role-mismatch',
			severity: 'refuse',
			message: `The machine is enrolled as ${machine.role}, not as ${role}.`,
			expected: role,
			actual: machine.role,
		},
	]);
};
