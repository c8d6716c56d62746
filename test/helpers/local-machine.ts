import {generateKeyPairSync, randomUUID} from 'node:crypto';
import {openTpm, type TpmChannel} from '../../src/attestation/tpm/commands.ts';
import type {Tpm} from '../../src/attestation/tpm/tpm.ts';
import type {MachineIdentity} from '../../src/attestation/variants/local/ak-certificate.ts';
import {akCertifier, type Maker, makerPublicKey} from '../../src/machine/tpm/certify.ts';
import {createSoftwareTpm, type SoftwareTpm} from '../../src/machine/tpm/software-tpm.ts';
import {Secret} from '../../src/secret.ts';

export function newMaker(): Maker & {publicKey: Uint8Array} {
	const {privateKey} = generateKeyPairSync('ec', {namedCurve: 'prime256v1'});
	const maker = {privateKey: new Secret(Buffer.from(privateKey.export({format: 'pem', type: 'pkcs8'})))};
	return {...maker, publicKey: makerPublicKey(maker)};
}

/** A software TPM without a socket between it and the commands. */
export function newMachine(
	maker: Maker,
	identity: Partial<MachineIdentity> = {},
): {software: SoftwareTpm; tpm: Tpm; machine: MachineIdentity} {
	const machine: MachineIdentity = {name: 'worker-1', role: 'worker', diskUuid: randomUUID(), ...identity};
	const software = createSoftwareTpm({certify: akCertifier(maker, machine)});
	return {software, tpm: openTpm(directChannel(software)), machine};
}

export function directChannel(software: {handle(command: Uint8Array): Promise<Uint8Array>}): TpmChannel {
	return {send: async command => software.handle(command), close: () => undefined};
}
