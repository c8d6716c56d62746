import {createHash} from 'node:crypto';
import type {Tpm} from '../../attestation/tpm/tpm.ts';
import {readCertificate} from '../../keys/certificate.ts';
import {type NameAttribute, valuesOf} from '../../keys/names.ts';
import {isDiskUuid} from '../disk-uuid.ts';
import type {MachineRecord} from './identities.ts';
import {nodeName} from './node-name.ts';

/**
 * The record of the machine that this service runs on, from its TPM. The first node of a cluster never asks for a ticket, so its
 * own service records it; `image` is the version that its endorsement names. Throws when the attestation key has no certificate that names
 * a control plane.
 */
export const ownIdentity = async (tpm: Tpm, image: string): Promise<MachineRecord> => {
	const {public: key, certificate} = await tpm.attestationKey();
	if (!certificate) throw new Error('the attestation key of this machine has no certificate');
	const {subjectName} = readCertificate(certificate);
	const diskUuid = only(subjectName, 'serialNumber');
	if (!isDiskUuid(diskUuid)) throw new Error('the attestation key of this machine names no disk');
	if (only(subjectName, 'organizationalUnit') !== 'control-plane') throw new Error('this machine is no control plane');
	return {
		attestationKey: createHash('sha256').update(key).digest('hex'),
		diskUuid,
		name: nodeName(only(subjectName, 'commonName')),
		role: 'control-plane',
		image,
	};
};

const only = (name: readonly NameAttribute[], type: 'commonName' | 'organizationalUnit' | 'serialNumber'): string => {
	const [value, ...others] = valuesOf(name, type);
	if (value === undefined || others.length > 0) throw new Error(`the attestation key of this machine names no ${type}`);
	return value;
};
