import {setTimeout as delay} from 'node:timers/promises';
import {parseImageStatement} from '../../attestation/signed-measurements.ts';
import {issuerOf} from '../../attestation/variant.ts';
import {kubeClient} from '../../kubernetes/client.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import type {Stop} from '../supervisor/protocol.ts';
import {connectTpm} from '../tpm.ts';
import {identitiesIn, type MachineRecord} from './identities.ts';
import {keysAt} from './keys.ts';
import {ownIdentity} from './own-identity.ts';
import {runJoinService} from './service.ts';
import {joinSettings} from './settings.ts';

const retryMs = 1000;

/** The JoinService of a control plane. Throws when the settings are wrong or the address is taken. */
export const main = async (settings: unknown): Promise<Stop> => {
	const read = joinSettings.parse(settings);
	const {endorsement, variant, name} = read;
	const kube = kubeClient(read.kube);
	const tpm = connectTpm(read.tpm);
	const log = (line: string) => {
		console.log(line);
	};
	const service = await runJoinService({
		...read,
		kube,
		keys: keysAt(read.keySocket),
		issuer: issuerOf(variant, tpm, endorsement),
		pinned: endorsement,
		log,
	});
	const stopping = new AbortController();
	const recording = recordOwnMachine(
		kube,
		() => ownIdentity(tpm, parseImageStatement(endorsement.measurements).version),
		log,
		stopping.signal,
	);
	log(`join service of ${name} started`);
	return async () => {
		stopping.abort();
		await Promise.all([service.stop(), recording]);
	};
};

/** Until it works: only a recorded machine gets the key of its disk again after a restart. */
const recordOwnMachine = async (
	kube: Kube,
	own: () => Promise<MachineRecord>,
	log: (line: string) => void,
	signal: AbortSignal,
): Promise<void> => {
	const identities = identitiesIn(kube);
	let said = '';
	while (!signal.aborted) {
		try {
			await identities.claim(await own());
			return;
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			if (message !== said) log(`this machine is not recorded yet: ${message}`);
			said = message;
			// An abort ends the pause and with it the loop.
			await delay(retryMs, undefined, {signal}).catch(() => undefined);
		}
	}
};
