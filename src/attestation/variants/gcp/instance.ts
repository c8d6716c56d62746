import {MalformedError} from '../../bytes.ts';
import type {Certificate} from '../../x509/certificate.ts';
import {DerError, readDer, readText, sequenceOf} from '../../x509/der-reader.ts';
import {extensionOf} from '../../x509/extensions.ts';
import {readInstanceInfo, type TpmDocument, textField} from '../tpm-document/document.ts';

/** A machine of Google Compute Engine. */
export type GcpInstance = {project: string; zone: string; name: string};

const forms: Readonly<Record<keyof GcpInstance, RegExp>> = {
	project: /^(?:[a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,61}[a-z0-9]$/,
	zone: /^[a-z]{2,16}-[a-z]{2,24}\d{1,2}-[a-z0-9]{1,8}$/,
	name: /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
};

/** What the node says of its machine, in the v2.9 form. Throws MalformedError, also for names that Google does not give. */
export function readGcpInstance(document: TpmDocument): GcpInstance {
	const map = readInstanceInfo(document, ['zone', 'project_id', 'instance_name']);
	return checked({
		project: textField(map, 'project_id'),
		zone: textField(map, 'zone'),
		name: textField(map, 'instance_name'),
	});
}

export function formatGcpInstance({project, zone, name}: GcpInstance): Uint8Array {
	return Buffer.from(JSON.stringify({zone, project_id: project, instance_name: name}));
}

/** The name under which collateral holds the signing key of a machine. */
export const shieldedKeyName = ({project, zone, name}: GcpInstance): string => `${project}/${zone}/${name}`;

/** Google's certificates of TPM keys name the machine: zone, project number, project, instance number, name. */
const instanceIdentifier = '1.3.6.1.4.1.11129.2.1.21';

/** The machine that a certificate was issued for; undefined when it names none. Throws DerError. */
export function certifiedInstance(certificate: Certificate): GcpInstance | undefined {
	const value = extensionOf(certificate, instanceIdentifier);
	if (!value) return undefined;
	const [zone, projectNumber, project, instanceNumber, name] = sequenceOf(readDer(value));
	if (projectNumber?.tag !== 0x02 || instanceNumber?.tag !== 0x02)
		throw new DerError('the machine in the certificate is malformed');
	return checked({project: readText(project), zone: readText(zone), name: readText(name)});
}

function checked(instance: GcpInstance): GcpInstance {
	for (const key of ['project', 'zone', 'name'] as const)
		if (!forms[key].test(instance[key])) throw new MalformedError(`InstanceInfo: not a ${key} that Google gives`);
	return instance;
}
