import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {localParameters} from '../../attestation/variants/local/measured-boot.ts';
import {recordOf} from '../../process.ts';
import {releaseKeyFolder} from '../../releases/data-home.ts';
import {openRegular} from '../../releases/files.ts';
import {imageFolder} from '../../releases/image.ts';
import {readReleasePublicKey} from '../../releases/release-key.ts';
import {Secret} from '../../secret.ts';
import {bootMachine} from '../launcher/boot-machine.ts';
import {createRuntimeDigests, type RuntimeDigests} from '../launcher/runtime-digests.ts';
import {akCertifier, type Maker, makerPublicKey} from '../tpm/certify.ts';
import {serveTpm} from '../tpm/server.ts';
import {createSoftwareTpm} from '../tpm/software-tpm.ts';
import {isCode, shortPath, writeBytes} from './files.ts';
import type {Boot} from './types.ts';

/**
 * Switches machines on through the measured launcher. Each has a software TPM whose attestation key is certified by the maker key in
 * `makerPath` (PEM); its state stays beside the machine, so that it is the same TPM after every boot, with registers at zero.
 * `likelyRuntime` is hashed at once: nearly always it is the runtime of the first machine, which then boots without that wait.
 */
export const measuredBoot = (makerPath: string, likelyRuntime: string): Boot => {
	const runtimeDigests = createRuntimeDigests();
	void hashAhead(likelyRuntime, runtimeDigests);
	return async ({record, folder, spec, report}) => {
		if (!existsSync(join(imageFolder(spec.dataHome, record.image), 'manifest.json'))) {
			throw new Error(`there is no image ${record.image} on this computer`);
		}
		const maker: Maker = {privateKey: new Secret(await readFile(makerPath))};
		const statePath = join(folder, 'tpm-state');
		const saved = await readSaved(statePath);
		const tpm = createSoftwareTpm({certify: akCertifier(maker, record), ...(saved && {saved})});
		const server = await serveTpm(tpm, shortPath(join(folder, 'tpm.sock')));
		try {
			const {child, pid} = await bootMachine({
				image: {folder: imageFolder(spec.dataHome, record.image), version: record.image},
				folder,
				params: localParameters(makerPublicKey(maker), await readReleasePublicKey(releaseKeyFolder(spec.dataHome))),
				tpm,
				runtimeDigests,
				report,
			});
			const ended = new Promise<string>(resolve => {
				child.once('exit', (code, signal) => resolve(signal === null ? `ended with code ${String(code)}` : `ended by ${signal}`));
			}).finally(() => server.close());
			const own = recordOf(pid);
			if (own === undefined) throw new Error(`the node ended at once, ${await ended}`);
			// The key is made while the node starts; a quote needs it too, so no node is known by a key that is not kept.
			void tpm.save().then(
				state => writeBytes(statePath, state.reveal()),
				(error: unknown) => report(`the TPM has no key: ${error instanceof Error ? error.message : String(error)}`),
			);
			return {record: own, ended};
		} catch (error) {
			await server.close();
			throw error;
		}
	};
};

const hashAhead = async (path: string, digests: RuntimeDigests): Promise<void> => {
	try {
		const file = await openRegular(path);
		await digests(file).finally(() => file.close());
	} catch {
		// Only time was to be won here; a boot that needs the file meets the same problem and tells it.
	}
};

const readSaved = async (path: string): Promise<Secret | undefined> => {
	try {
		return new Secret(await readFile(path));
	} catch (error) {
		if (isCode(error, 'ENOENT')) return undefined;
		throw error;
	}
};
