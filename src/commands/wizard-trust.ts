import {type TrustSettings, trustNamed, type Vouched, vouchForVersion} from '../flows/vouched.ts';
import type {Answers} from '../wizard/deps.ts';

/** The trust section of the answers. */
export async function trustOf({measurements = {from: ''}}: Answers, base: string): Promise<TrustSettings> {
	const {from, keyFile} = measurements;
	return from === '' ? {} : trustNamed({from, ...(keyFile === undefined ? {} : {keyFile})}, base);
}

/** Asks the source that the answers name about their image. */
export async function vouchedFor(
	answers: Answers,
	{env, base}: {env: NodeJS.ProcessEnv; base: string},
	signal: AbortSignal,
): Promise<Vouched> {
	const {measurements: _, ...trust} = await trustOf(answers, base);
	return vouchForVersion(answers.image, {env, trust, from: answers.measurements?.from ?? '', folder: base}, signal);
}
