import {z} from 'zod';
import {parsePolicy} from '../../attestation/policy.ts';
import {asksForLatest, resolveLatest} from '../../attestation/variants/azure/sev-snp/latest.ts';
import {AppError, type Problem} from '../../errors.ts';
import {type AttestationKey, attestationKeys} from '../attestation-keys.ts';
import {isPlaceholder} from '../fields.ts';
import {sectionKeys} from './attestation-words.ts';

const measurement = z
	.union([
		z.string(),
		z.strictObject({
			expected: z.string().describe('Value the register must have, hex.'),
			warnOnly: z.boolean().default(false).describe('Whether a difference is only reported.'),
		}),
	])
	.transform(value => (typeof value === 'string' ? {expected: value, warnOnly: false} : value))
	.refine(({expected}) => !isPlaceholder(expected), {error: 'is a placeholder, not a measurement'});

/** One section: its form is that of the policy, which is read here already so that a mistake is named before anything is made. */
const section = (key: AttestationKey) =>
	z
		.looseObject({
			measurements: z
				.record(z.string(), measurement)
				.describe('Register values a node must have; `constellation config fetch-measurements` writes them.'),
			...Object.fromEntries(
				Object.entries(sectionKeys(key)).map(([name, {description, ...form}]) => [
					name,
					z
						.unknown()
						.optional()
						.meta({description, ...form}),
				]),
			),
		})
		.superRefine((value, context) => {
			for (const {path, message, fix} of policyProblems(key, value))
				context.addIssue({
					code: 'custom',
					path: path === '' ? [] : path.split('.'),
					message,
					...(fix === undefined ? {} : {params: {fix}}),
				});
		})
		.meta({additionalProperties: false, description: `What a node has to prove: variant ${attestationKeys[key]}.`});

/** Attestation of a provider: one of these sections, and only one. */
export function attestationOf<Key extends AttestationKey>(...keys: readonly Key[]) {
	const shape = Object.fromEntries(keys.map(key => [key, section(key).optional()])) as Record<Key, z.ZodOptional<SectionSchema>>;
	return z
		.strictObject(shape)
		.superRefine((value, context) => {
			const given = keys.filter(key => Object.hasOwn(value, key));
			if (given.length === 1) return;
			const message = given.length === 0 ? 'names no attestation variant' : 'names more than one attestation variant';
			context.addIssue({code: 'custom', message, params: {fix: `keep one of ${keys.join(', ')}`}});
		})
		.describe('Attestation of the provider above: exactly one section.');
}

type SectionSchema = ReturnType<typeof section>;
/** A section as parsed; what stands beside the measurements has the form of the policy (`parsePolicy`). */
export type CloudAttestation = z.infer<SectionSchema>;

/** What `parsePolicy` says of a section. Versions that follow the newest are numbers by the time a policy is made. */
function policyOf(key: AttestationKey, value: Record<string, unknown>): Problem[] {
	const variant = attestationKeys[key];
	const settings = variant === 'azure-sev-snp' && asksForLatest(value) ? resolveLatest(value, nothingYet) : value;
	try {
		parsePolicy(variant, settings);
		return [];
	} catch (error) {
		if (error instanceof AppError) return [...error.problems];
		throw error;
	}
}

const nothingYet = {bootloader: 0, tee: 0, snp: 0, microcode: 0};

/** What is said of the measurements as a whole: they are weak or not there yet. Such a config loads; no policy is made of it. */
const isWeakness = ({path}: Problem): boolean => path === 'measurements';

const policyProblems = (key: AttestationKey, value: Record<string, unknown>): Problem[] =>
	policyOf(key, value).filter(problem => !isWeakness(problem));

/** Why no node could be judged by a section, a sentence each. */
export function weaknessesOf(key: AttestationKey, value: CloudAttestation): string[] {
	if (Object.keys(value.measurements).length === 0)
		return ['There are no measurements: no node can be let in before `constellation config fetch-measurements`.'];
	return policyOf(key, value)
		.filter(isWeakness)
		.map(({message}) => message);
}
